// Keeps the expected agents equal to the pods that Kubernetes runs.
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

// Follows pods, by a watch for each selector, and nodes. Changes are applied together, a quarter of
// a second later; the watches' status is published each second. While the API is away, the known
// objects stay. Lives on the loop's thread.
class ClusterWatcher {
 public:
  struct Options {
    kube::Reflector::Options reflector;
    std::chrono::milliseconds change_delay{250};
    std::chrono::milliseconds status_period{1000};
    ApiPulse::Options pulse;
  };

  // An error: there is no usable configuration. An unreachable API is no error. All outlive this.
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
  // The last logged trouble of one kind of objects, so that it is logged once a minute at most.
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
