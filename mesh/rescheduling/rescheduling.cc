#include "mesh/rescheduling/rescheduling.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "lib/base/random.h"
#include "mesh/rescheduling/spread.h"

namespace meshcheck::rescheduling {
namespace {

// All answers are about one moment.
class Chooser {
 public:
  Chooser(const Cluster& cluster, const Rules& rules, WallTime now)
      : cluster_(cluster), rules_(rules), now_(now) {}

  Result<std::optional<Move>> choose(std::uint64_t seed) const;

 private:
  struct Choice {
    const Instance* instance;
    Why why;
  };
  const Node* find_node(const std::optional<std::string>& name) const;
  bool may_be_taken(const Instance& instance) const;
  bool on_its_way(const Instance& instance) const;
  std::optional<Why> trouble(const Instance& instance) const;
  std::optional<Choice> first_in_trouble() const;
  std::vector<Choice> healthy_ones() const;

  std::optional<std::string> zone_for(const Instance& instance) const;
  // Of the zone, those with the fewest instances, without the one that it is on.
  std::vector<const Node*> nodes_for(const Instance& instance, const std::string& zone) const;
  std::optional<Move> move(const Choice& choice, std::uint64_t seed) const;

  const Cluster& cluster_;
  const Rules& rules_;
  const WallTime now_;
};

const Node* Chooser::find_node(const std::optional<std::string>& name) const {
  for (const Node& node : cluster_.nodes) {
    if (name == node.name) return &node;
  }
  return nullptr;
}

bool Chooser::may_be_taken(const Instance& instance) const {
  const bool serves = instance.pod && instance.pod->ready;
  return !serves || !cluster_.disruptions_allowed || *cluster_.disruptions_allowed > 0;
}

bool Chooser::on_its_way(const Instance& instance) const {
  if (instance.assigned && now_ - *instance.assigned < rules_.patience &&
      !(instance.pod && instance.pod->ready)) {
    return true;
  }
  return instance.pod && !instance.pod->ready &&
         now_ - instance.pod->ready_changed <= rules_.patience;
}

std::optional<Why> Chooser::trouble(const Instance& instance) const {
  if (instance.volume_ends) return Why::kVolumeEnds;
  if (!instance.node) return Why::kUnassigned;
  const Node* const node = find_node(instance.node);
  if (node == nullptr) return Why::kNodeGone;
  switch (node->state) {
    case NodeState::kSchedulable:
      break;
    case NodeState::kTerminating:
      return Why::kNodeTerminating;
    case NodeState::kCordoned:
      return Why::kNodeCordoned;
    case NodeState::kNotReady:
      return Why::kNodeNotReady;
  }
  if (instance.storage_class != cluster_.storage_class) return Why::kStorageClass;
  if (!instance.pod) return Why::kPodAbsent;
  if (!instance.pod->ready) return Why::kPodNotReady;
  return std::nullopt;
}

// The worst trouble first, in the order of Why; of equal ones the first.
std::optional<Chooser::Choice> Chooser::first_in_trouble() const {
  std::optional<Choice> worst;
  for (const Instance& instance : cluster_.instances) {
    const auto why = trouble(instance);
    if (why && may_be_taken(instance) && (!worst || *why < worst->why)) {
      worst = Choice{&instance, *why};
    }
  }
  return worst;
}

// The oldest first.
std::vector<Chooser::Choice> Chooser::healthy_ones() const {
  const auto others = static_cast<std::int64_t>(cluster_.instances.size()) - 1;
  std::vector<Choice> choices;
  for (const Instance& instance : cluster_.instances) {
    if (!instance.pod || now_ - instance.pod->created < rules_.period) return {};
    if (now_ - instance.pod->created >= rules_.period * others && may_be_taken(instance)) {
      choices.push_back({&instance, Why::kOldest});
    }
  }
  std::stable_sort(choices.begin(), choices.end(), [](const Choice& a, const Choice& b) {
    return a.instance->pod->created < b.instance->pod->created;
  });
  return choices;
}

std::optional<std::string> Chooser::zone_for(const Instance& instance) const {
  std::map<std::string, std::size_t> nodes;
  for (const Node& node : cluster_.nodes) {
    if (node.schedulable()) ++nodes[node.zone];
  }
  if (nodes.empty()) return std::nullopt;
  std::map<std::string, std::size_t> here;
  for (const Instance& other : cluster_.instances) {
    const Node* const node = find_node(other.node);
    if (node != nullptr) ++here[node->zone];
  }
  std::vector<std::size_t> sizes;
  sizes.reserve(nodes.size());
  for (const auto& [zone, count] : nodes) sizes.push_back(count);
  const auto wanted = spread(cluster_.instances.size(), std::move(sizes));
  const Node* const current = find_node(instance.node);
  std::size_t index = 0;
  std::optional<std::string> below;
  for (const auto& [zone, count] : nodes) {
    if (current != nullptr && current->zone == zone && here[zone] <= wanted[index]) return zone;
    if (!below && here[zone] < wanted[index]) below = zone;
    ++index;
  }
  // Some zone has too many, ours or one without nodes; so another has too few.
  return below;
}

std::vector<const Node*> Chooser::nodes_for(const Instance& instance,
                                            const std::string& zone) const {
  std::map<std::string, std::size_t> load;
  for (const Instance& other : cluster_.instances) {
    if (other.node && &other != &instance) ++load[*other.node];
  }
  std::vector<const Node*> best;
  for (const Node& node : cluster_.nodes) {
    if (!node.schedulable() || node.zone != zone || instance.node == node.name) continue;
    if (!best.empty() && load[node.name] < load[best.front()->name]) best.clear();
    if (best.empty() || load[node.name] == load[best.front()->name]) best.push_back(&node);
  }
  return best;
}

std::optional<Move> Chooser::move(const Choice& choice, std::uint64_t seed) const {
  const Instance& instance = *choice.instance;
  const auto zone = zone_for(instance);
  if (!zone) return std::nullopt;
  const auto nodes = nodes_for(instance, *zone);
  Move move{.instance = instance.name, .node = {}, .why = choice.why, .deletion = Deletion::kPod};
  if (!nodes.empty()) {
    move.node = nodes[Random(seed).below(nodes.size())]->name;
  } else {
    // Its own is the only one of the zone: a pod that is well stays.
    if (choice.why == Why::kOldest) return std::nullopt;
    move.node = *instance.node;
  }
  const Node* const current = find_node(instance.node);
  if (choice.why == Why::kStorageClass) {
    move.deletion = Deletion::kStatefulSet;
  } else if (choice.why == Why::kVolumeEnds || current == nullptr || current->zone != *zone) {
    // A volume of another zone would keep the pod from being scheduled.
    move.deletion = Deletion::kVolume;
  }
  return move;
}

Result<std::optional<Move>> Chooser::choose(std::uint64_t seed) const {
  for (const Instance& instance : cluster_.instances) {
    if (on_its_way(instance)) return std::optional<Move>();
  }
  if (const auto choice = first_in_trouble()) {
    auto found = move(*choice, seed);
    if (!found) return Error("no node is schedulable for " + choice->instance->name);
    return found;
  }
  // Who is in trouble and protected by the budget stops all others too.
  for (const Instance& instance : cluster_.instances) {
    if (trouble(instance)) return std::optional<Move>();
  }
  for (const Choice& choice : healthy_ones()) {
    if (auto found = move(choice, seed)) return found;
  }
  return std::optional<Move>();
}

}  // namespace

std::string_view text(Why why) {
  constexpr std::array<std::string_view, 10> kTexts = {
      "its volume ends",         "it has no node",       "its node is gone",
      "its node is terminating", "its node is cordoned", "its node is not ready",
      "other storage class",     "its pod is missing",   "its pod is not ready",
      "it is its turn"};
  return kTexts.at(static_cast<std::size_t>(why));
}

Result<std::optional<Move>> next_move(const Cluster& cluster, const Rules& rules, WallTime now,
                                      std::uint64_t seed) {
  return Chooser(cluster, rules, now).choose(seed);
}

}  // namespace meshcheck::rescheduling
