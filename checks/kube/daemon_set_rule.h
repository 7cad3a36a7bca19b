// Does a DaemonSet run on each node where it should? The pure rule, over objects and a time.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "checks/check.h"
#include "lib/base/time.h"

namespace meshcheck::checks {

// Every node that counts needs a pod that is ready, or has been stopping for less than kStopping,
// or is not yet older than kStarting. A node counts that has been ready for longer than kSettled,
// is not cordoned, has the labels that the DaemonSet selects, and no taint that it does not
// tolerate.
class KubeDaemonSetRule {
 public:
  static constexpr std::chrono::minutes kSettled{10};
  static constexpr std::chrono::seconds kStopping{5};
  static constexpr std::chrono::minutes kStarting{1};

  KubeDaemonSetRule(const nlohmann::json& daemon_set, WallTime now);

  // To be called first, for all pods that may be its own; then add_node() for all nodes.
  void add_pod(const nlohmann::json& pod);
  void add_node(const nlohmann::json& node);
  CheckResult result() const;

 private:
  bool counts(const nlohmann::json& node) const;
  bool tolerates(const nlohmann::json& taint) const;
  bool is_fine(const nlohmann::json& pod) const;

  const nlohmann::json daemon_set_;
  const std::chrono::sys_seconds now_;
  std::vector<std::string> fine_;     // Nodes that have such a pod.
  std::vector<std::string> present_;  // Nodes that have a pod.
  std::size_t nodes_ = 0;             // Nodes that count.
  std::size_t lacking_ = 0;
  std::string example_;  // An example of a failure.
};

}  // namespace meshcheck::checks
