#include "server/cluster/cluster.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "lib/kube/objects.h"
#include "mesh/report/record.h"

namespace meshcheck::server {
namespace {

using verdict::Excuse;

// What those put on a node who are about to take it away, or already have.
constexpr std::array<std::string_view, 5> kLastTaints = {
    "ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted", "karpenter.sh/disruption",
    "node.kubernetes.io/out-of-service", "node.cloudprovider.kubernetes.io/shutdown"};

Excuse excuse_of(const kube::Node& node) {
  const bool leaves =
      std::any_of(node.taints.begin(), node.taints.end(), [](const kube::Taint& taint) {
        return std::find(kLastTaints.begin(), kLastTaints.end(), taint.key) != kLastTaints.end();
      });
  if (leaves) return Excuse::kTerminating;
  if (node.unschedulable) return Excuse::kCordoned;
  return node.ready ? Excuse::kNone : Excuse::kNotReady;
}

rescheduling::NodeState state_of(Excuse excuse) {
  switch (excuse) {
    case Excuse::kNone:
      break;
    case Excuse::kCordoned:
      return rescheduling::NodeState::kCordoned;
    case Excuse::kNotReady:
      return rescheduling::NodeState::kNotReady;
    case Excuse::kTerminating:
      return rescheduling::NodeState::kTerminating;
  }
  return rescheduling::NodeState::kSchedulable;
}

bool is_finished(const std::string& phase) {
  return phase == "Succeeded" || phase == "Failed";
}

}  // namespace

bool Cluster::upsert(std::size_t watch, const kube::Pod& pod, Now now) {
  const kube::Identity& identity = pod.identity;
  // Nobody could report under such a name.
  if (!mesh::check_name(identity.name)) return false;
  auto [position, added] =
      pods_.try_emplace(PodKey{identity.name, identity.name_space, identity.uid});
  Pod& known = position->second;
  known.watches |= 1U << watch;
  if (added) {
    known.order = ++order_;
    known.created = now.steady;
    if (!pods_listed_ && pod.started && *pod.started < now.wall) {
      // No older than matters, so that a wrong clock moves nothing far.
      const auto age = std::min<WallTime::duration>(now.wall - *pod.started,
                                                    options_.start_max + options_.report_max);
      known.created -= std::chrono::duration_cast<Clock::duration>(age);
    }
    if (pod.ready) known.ready_since = known.created;
  }
  if (pod.ready && !known.ready_since) known.ready_since = now.steady;
  const bool ending = pod.terminating || is_finished(pod.phase);
  const bool same = !added && known.node == pod.node && known.phase == pod.phase &&
                    known.ready == pod.ready && known.ending == ending &&
                    known.addresses == pod.addresses;
  if (same) return false;
  known.node = pod.node;
  known.phase = pod.phase;
  known.addresses = pod.addresses;
  known.ready = pod.ready;
  known.ending = ending;
  return true;
}

bool Cluster::erase(std::size_t watch, const kube::Identity& identity) {
  const auto position = pods_.find(PodKey{identity.name, identity.name_space, identity.uid});
  if (position == pods_.end()) return false;
  position->second.watches &= ~(1U << watch);
  if (position->second.watches != 0) return false;
  pods_.erase(position);
  return true;
}

bool Cluster::upsert(const kube::Node& node) {
  Node next{.zone = node.zone, .excuse = excuse_of(node)};
  // The zone goes the way of a report's texts.
  if (!mesh::check_text(next.zone, "zone")) next.zone.clear();
  auto [position, added] = nodes_.try_emplace(node.identity.name);
  if (!added && position->second == next) return false;  // A heartbeat.
  position->second = std::move(next);
  return true;
}

bool Cluster::erase_node(const std::string& name) {
  return nodes_.erase(name) != 0;
}

std::vector<rescheduling::Node> Cluster::homes() const {
  std::vector<rescheduling::Node> homes;
  if (!nodes_listed_) return homes;
  homes.reserve(nodes_.size());
  for (const auto& [name, node] : nodes_) {
    homes.push_back({name, node.zone, state_of(node.excuse)});
  }
  return homes;
}

bool Cluster::pods_listed() {
  return !std::exchange(pods_listed_, true);
}

bool Cluster::nodes_listed() {
  return !std::exchange(nodes_listed_, true);
}

bool Cluster::is_on_lost_node(const Pod& pod) const {
  return nodes_listed_ && !pod.node.empty() && !nodes_.contains(pod.node);
}

Clock::time_point Cluster::due(const Pod& pod) const {
  const Clock::time_point latest = pod.created + options_.start_max;
  return pod.ready_since ? std::min(latest, *pod.ready_since + options_.report_max) : latest;
}

Inventory::Entry Cluster::entry_of(const PodKey& key, const Pod& pod) const {
  Inventory::Entry entry;
  entry.name = key.name;
  entry.node = pod.node;
  entry.uid = key.uid;
  entry.addresses = pod.addresses;
  entry.due = due(pod);
  if (pod.node.empty()) {
    entry.not_running = pod.phase + ", on no node yet";
  } else if (!pod.ready) {
    entry.not_running = pod.phase + ", not ready";
  }
  if (const auto node = nodes_.find(pod.node); node != nodes_.end()) {
    entry.zone = node->second.zone;
    entry.excused =
        node->second.excuse == Excuse::kCordoned || node->second.excuse == Excuse::kTerminating;
  }
  return entry;
}

Cluster::Expectation Cluster::expectation() const {
  Expectation result;
  result.inventory.newcomer_patience = options_.newcomer_patience;
  for (const auto& [name, node] : nodes_) {
    if (node.excuse != Excuse::kNone) result.excuses.emplace(name, node.excuse);
  }
  // Pods of one name are neighbours in their order.
  for (auto first = pods_.begin(); first != pods_.end();) {
    const Pods::value_type* best = nullptr;
    bool conflict = false;
    bool leaves = false;
    auto pod = first;
    for (; pod != pods_.end() && pod->first.name == first->first.name; ++pod) {
      leaves = leaves || pod->second.ending;
      if (pod->second.ending || is_on_lost_node(pod->second)) continue;
      if (best == nullptr) {
        best = &*pod;
        continue;
      }
      const bool later = pod->second.order > best->second.order;
      // In one namespace the later one has replaced the other; two namespaces contradict each
      // other.
      const bool replaced = pod->first.name_space == best->first.name_space;
      conflict = conflict || !replaced;
      if (later == replaced) best = &*pod;
    }
    if (best != nullptr) {
      result.inventory.agents.push_back(entry_of(best->first, best->second));
    } else if (leaves) {
      result.inventory.leaving.push_back(first->first.name);
    }
    if (conflict) result.conflicts.push_back(first->first.name);
    first = pod;
  }
  return result;
}

}  // namespace meshcheck::server
