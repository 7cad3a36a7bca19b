// The agents' pods and the nodes in Kubernetes, and the agents to be expected from them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mesh/rescheduling/rescheduling.h"
#include "server/agents/agent_table.h"
#include "server/agents/inventory.h"
#include "server/cluster/cluster_status.h"

namespace meshcheck::kube {
struct Identity;
struct Node;
struct Pod;
}  // namespace meshcheck::kube

namespace meshcheck::server {

// Has no clock, lock or connection. Bounded by the watches that feed it. Expected are pods that are
// neither terminating nor finished, and whose node is there. doc/operate/kubernetes.md has the
// rules.
class Cluster {
 public:
  struct Options {
    // A pod has `start_max` from its creation until it has to be ready, and then `report_max` until
    // its first report; without one by then it is absent.
    std::chrono::seconds start_max{180};
    std::chrono::seconds report_max{70};
    // How long reports of an agent are taken whose pod is not listed (yet).
    std::chrono::seconds newcomer_patience{120};
  };
  // Watches of pods, each with its own selector; more are refused at the start.
  static constexpr std::size_t kWatchesMax = 8;

  struct Expectation {
    Inventory inventory;           // By name.
    verdict::NodeExcuses excuses;  // Of nodes that have one.
    std::vector<std::string>
        conflicts;  // Names that exist in two namespaces: the first pod counts.
  };

  explicit Cluster(Options options) : options_(options) {}

  // From watch `watch`. Returns true if the expectation may have changed, as all below.
  bool upsert(std::size_t watch, const kube::Pod& pod, Now now);
  bool erase(std::size_t watch, const kube::Identity& identity);
  bool upsert(const kube::Node& node);
  bool erase_node(const std::string& name);
  // All existing pods were reported. A pod that comes later is new, whatever its creation time is.
  bool pods_listed();
  bool nodes_listed();

  Expectation expectation() const;
  // The nodes for the Rescheduler; empty until all are known.
  std::vector<rescheduling::Node> homes() const;
  std::size_t pods() const { return pods_.size(); }
  std::size_t nodes() const { return nodes_.size(); }

 private:
  struct PodKey {
    std::string name;
    std::string name_space;
    std::string uid;
    friend auto operator<=>(const PodKey&, const PodKey&) = default;
  };
  struct Pod {
    std::uint64_t order = 0;    // In which they were first reported.
    std::uint32_t watches = 0;  // A bit for each watch that has it.
    std::string node;
    std::string phase;
    std::vector<IpAddress> addresses;
    bool ready = false;
    bool ending = false;  // Terminating or finished.
    Clock::time_point created;
    std::optional<Clock::time_point> ready_since;  // Since it was first ready.
  };
  struct Node {
    std::string zone;
    verdict::Excuse excuse = verdict::Excuse::kNone;
    friend bool operator==(const Node&, const Node&) = default;
  };
  using Pods = std::map<PodKey, Pod>;

  bool is_on_lost_node(const Pod& pod) const;
  Clock::time_point due(const Pod& pod) const;
  Inventory::Entry entry_of(const PodKey& key, const Pod& pod) const;

  const Options options_;
  Pods pods_;
  std::map<std::string, Node, std::less<>> nodes_;
  std::uint64_t order_ = 0;
  bool pods_listed_ = false;
  bool nodes_listed_ = false;
};

}  // namespace meshcheck::server
