// Deletes objects in the Kubernetes API that were left by agents that are gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "checks/kube/context.h"
#include "lib/base/log.h"
#include "lib/kube/resource_client.h"
#include "lib/uv/timer.h"

namespace meshcheck::checks {

// Deletes objects with our labels that are older than any run, of all agents: at most
// `deletions_max` of a kind in a sweep. It lists only the kinds that the agent's own checks make,
// so that it needs no more rights than these. Lives on the context's loop.
class KubeGarbage {
 public:
  struct Options {
    std::vector<kube::Resource> resources;
    std::chrono::milliseconds interval = std::chrono::minutes(5);
    std::chrono::minutes age_min{10};
    std::size_t deletions_max = 10;
    Log log;
  };
  // Of this process: for metrics.
  struct Counters {
    std::uint64_t sweeps = 0;
    std::uint64_t deleted = 0;
    std::uint64_t failures = 0;
  };

  KubeGarbage(KubeContext& context, Options options);

  // Each `interval`, first after one. A sweep that has not ended by then begins anew.
  void start();
  void sweep();
  bool sweeping() const { return resource_ < options_.resources.size(); }
  const Counters& counters() const { return counters_; }

 private:
  void look();
  void note(const nlohmann::json& object);
  void remove_next();
  void fail(const std::string& why);

  const Options options_;
  std::size_t resource_;            // The one that is looked at.
  std::vector<std::string> names_;  // Found and not yet deleted.
  Counters counters_;
  kube::ResourceClient objects_;
  uv::Timer timer_;
};

// The kinds that our checks make: ConfigMaps, StatefulSets, Pods and Namespaces.
std::vector<kube::Resource> garbage_resources(const std::string& name_space);

}  // namespace meshcheck::checks
