// What Kubernetes says of agents' pods and of nodes, and which agents are to be expected therefore.
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

// Knows no clock, lock or connection. Bounded by the watches that feed it. Expected are pods that
// are neither terminating nor finished, and whose node is there. doc/operate/kubernetes.md has the
// rules.
class Cluster {
 public:
  struct Options {
    // A pod has so long from its creation on until it has to be ready, and then so long until its
    // first report; who has not reported by then is absent.
    std::chrono::seconds start_max{180};
    std::chrono::seconds report_max{70};
    // For so long a report is taken of who is not listed (yet).
    std::chrono::seconds newcomer_patience{120};
  };
  // Of pods that several watches follow, each by its own selector; more are refused at the start.
  static constexpr std::size_t kWatchesMax = 8;

  struct Expectation {
    Inventory inventory;                 // By name.
    verdict::NodeExcuses excuses;        // Of nodes that have one.
    std::vector<std::string> conflicts;  // Names that two namespaces have: the first one counts.
  };

  explicit Cluster(Options options) : options_(options) {}

  // As watch `watch` tells it. True: the expectation may be another one, as with all below.
  bool upsert(std::size_t watch, const kube::Pod& pod, Now now);
  bool erase(std::size_t watch, const kube::Identity& identity);
  bool upsert(const kube::Node& node);
  bool erase_node(const std::string& name);
  // All that were there have been told. A pod that comes later is new, whatever its clock says.
  bool pods_listed();
  bool nodes_listed();

  Expectation expectation() const;
  // As those who move pods see them; empty until all are known.
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
    std::uint64_t order = 0;    // In which they were first told.
    std::uint32_t watches = 0;  // A bit for each that tells of it.
    std::string node;
    std::string phase;
    std::vector<IpAddress> addresses;
    bool ready = false;
    bool ending = false;  // Terminating or finished.
    Clock::time_point created;
    std::optional<Clock::time_point> ready_since;  // At first.
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
