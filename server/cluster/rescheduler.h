// Moves the pods of smoke-mini from node to node, one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/http/client.h"
#include "lib/kube/client.h"
#include "lib/kube/lease.h"
#include "lib/uv/timer.h"
#include "server/cluster/pod_objects.h"
#include "server/cluster/rescheduling_config.h"

namespace meshcheck::server {

// Looks each minute, or six times in an interval shorter than that; while this server holds the
// Lease `meshcheck-rescheduler`, it does what mesh/rescheduling says. A look is four lists, one
// after the other, and a move one to three requests; whatever fails ends it until the next. Lives
// on the loop's thread.
class Rescheduler {
 public:
  using Nodes = std::function<std::vector<rescheduling::Node>()>;
  struct Owner {
    uv::Loop& loop;
    Nodes nodes;  // As they are known now; empty while they are not.
    Log log;
  };

  static Result<std::unique_ptr<Rescheduler>> start(Owner owner, const std::string& kubeconfig,
                                                    const MovingConfig& config);
  Rescheduler(Owner owner, const kube::Config& api, const MovingConfig& config);

 private:
  struct Request {
    kube::Question question;
    bool may_be_gone = false;  // 404 is fine.
  };

  void look();
  void list_next();
  void decide();
  void move(const rescheduling::Move& move);
  void write_next();
  void note_trouble(const std::string& trouble);
  std::string target(const std::string& group, const std::string& what) const;
  Request deletion(const std::string& resource, const std::string& name) const;

  const Owner owner_;
  const MovingConfig config_;
  const std::string name_space_;
  http::Client http_;
  kube::Client client_;
  kube::Lease lease_;
  std::mt19937_64 random_;
  std::vector<std::string> lists_;  // Of this look, in the order of kLists.
  std::vector<Request> writes_;     // Of this move, the next one last.
  bool old_policy_ = false;         // The API knows PodDisruptionBudgets of v1beta1 only.
  std::string trouble_;             // As it was logged last.
  http::Call call_;
  uv::Timer timer_;
};

}  // namespace meshcheck::server
