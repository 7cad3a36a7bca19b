// Moves the pods of smoke-mini from node to node, one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/http/client.h"
#include "lib/kube/client.h"
#include "lib/kube/lease.h"
#include "lib/kube/resource_client.h"
#include "lib/uv/timer.h"
#include "server/cluster/pod_objects.h"
#include "server/cluster/rescheduling_config.h"

namespace meshcheck::server {

// Looks each minute, or six times in an interval shorter than that; while this server holds the
// Lease that the configuration names, it makes the moves that mesh/rescheduling chooses. A look is
// four lists, one after the other, and a move one to three requests; a failure ends it until the
// next look. Lives on the loop's thread.
class Rescheduler {
 public:
  using Nodes = std::function<std::vector<rescheduling::Node>()>;
  struct Owner {
    uv::Loop& loop;
    Nodes nodes;  // As they are known now; empty while they are not.
    Log log;
  };

  static Result<std::unique_ptr<Rescheduler>> start(Owner owner, const std::string& kubeconfig,
                                                    const ReschedulingConfig& config);
  Rescheduler(Owner owner, const kube::Config& api, const ReschedulingConfig& config);

 private:
  struct Write {
    kube::Resource resource;
    std::string name;
    std::optional<nlohmann::json> patch;  // Nothing: the object is deleted, if it still exists.
  };

  void look();
  void list_next();
  void listed(const std::optional<kube::Failure>& failure);
  void decide();
  void move(const rescheduling::Move& move);
  void write_next();
  void note_trouble(const std::string& trouble);

  const Owner owner_;
  const ReschedulingConfig config_;
  const std::string name_space_;
  http::Client http_;
  kube::Client client_;
  kube::Lease lease_;
  std::mt19937_64 random_;
  kube::ResourceClient objects_;
  ReschedulingLists lists_;    // Of this look.
  std::size_t list_ = 0;       // The one that is read.
  std::vector<Write> writes_;  // Of this move, the next one last.
  bool old_policy_ = false;    // The API knows PodDisruptionBudgets of v1beta1 only.
  std::string trouble_;        // As last logged.
  uv::Timer timer_;
};

}  // namespace meshcheck::server
