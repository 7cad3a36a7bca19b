// Keeps who is expected the same as what Kubernetes runs.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/guarded.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/http/client.h"
#include "lib/kube/client.h"
#include "lib/kube/watch.h"
#include "lib/uv/timer.h"
#include "server/agents/membership.h"
#include "server/cluster/api_pulse.h"
#include "server/cluster/cluster.h"
#include "server/cluster/cluster_config.h"
#include "server/cluster/cluster_status.h"

namespace meshcheck::server {

// Follows pods, by a watch for each selector, and nodes. What changes is in force a quarter of a
// second later, all at once; how the watches do is told each second. While the API is away, what
// was known stays. Lives on the loop's thread.
class ClusterWatcher {
 public:
  struct Options {
    kube::Reflector::Options reflector;
    std::chrono::milliseconds change_delay{250};
    std::chrono::milliseconds status_period{1000};
    ApiPulse::Options pulse;
  };

  // An error: there is no usable configuration. That the API cannot be reached is none.
  // All outlive this.
  struct Owner {
    uv::Loop& loop;
    Membership membership;
    Guarded<ClusterStatus>& status;
    Log log;
  };
  static Result<std::unique_ptr<ClusterWatcher>> start(const Owner& owner,
                                                       const std::string& kubeconfig,
                                                       const ClusterConfig& config);
  // REQUIRES: config.check() succeeded.
  ClusterWatcher(const Owner& owner, const kube::Config& api, const ClusterConfig& config,
                 const Options& options);

  const Cluster& cluster() const { return cluster_; }

 private:
  // Of one kind of objects: what was logged last, so that a trouble is told once a minute at most.
  struct LoggedState {
    bool synced = false;
    std::string trouble;
    std::optional<Clock::time_point> logged;
  };

  void follow_pods(const ClusterConfig& config, const std::string& name_space);
  void follow_nodes();
  void note(bool changed);
  void apply();
  void tell_status();
  void log_status(const FollowedObjects& objects, LoggedState& told);
  FollowedObjects pods_status() const;

  uv::Loop& loop_;
  Membership membership_;
  Guarded<ClusterStatus>& cluster_status_;
  const Log log_;
  const Options options_;
  http::Client http_;
  kube::Client client_;
  ApiPulse pulse_;
  Cluster cluster_{{}};
  std::vector<std::unique_ptr<kube::Watch>> pods_;
  std::unique_ptr<kube::Watch> nodes_;
  bool waiting_ = false;  // For apply().
  std::vector<std::string> conflicts_;
  std::array<LoggedState, 2> told_;
  uv::Timer change_;
  uv::Timer status_;
};

}  // namespace meshcheck::server
