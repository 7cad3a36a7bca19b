#include "mesh/table/grid_memory.h"

#include <algorithm>
#include <unordered_map>

namespace meshcheck::mesh {
namespace {

// Nodes are looked through once they have doubled, and not before there are some.
constexpr std::size_t kNodesLookedThrough = 64;

}  // namespace

std::uint32_t GridMemory::number_of(std::string_view name, std::string_view zone) {
  auto found = nodes_.find(name);
  if (found == nodes_.end()) {
    found = nodes_.emplace(name, Node{}).first;
    if (free_.empty()) {
      found->second.number = static_cast<std::uint32_t>(node_of_.size());
      node_of_.push_back(nullptr);
    } else {
      found->second.number = free_.back();
      free_.pop_back();
    }
    node_of_[found->second.number] = &*found;
  }
  if (found->second.zone != zone) found->second.zone = zone;
  return found->second.number;
}

void GridMemory::change(Key key, State before, Clock::time_point now) {
  changes_.push_back({.at = now, .key = key, .before = before});
  if (changes_.size() <= changes_max_) return;
  since_ = changes_.front().at;
  changes_.pop_front();
}

void GridMemory::note(MeshGrid& grid, Clock::time_point now) {
  std::vector<Pair> noted;
  grid.visit([&](const PairState& pair) {
    const Key from = number_of(pair.from, pair.from_zone);
    const auto bits = static_cast<unsigned>(pair.state) | static_cast<unsigned>(pair.cut) << 2U;
    noted.push_back({.key = from << 32U | number_of(pair.to, pair.to_zone),
                     .state = {static_cast<std::uint8_t>(bits)}});
  });
  std::sort(noted.begin(), noted.end(),
            [](const Pair& one, const Pair& other) { return one.key < other.key; });
  if (!since_) {
    if (noted.empty()) return;  // Nobody has reported yet.
    since_ = now;
    pairs_ = std::move(noted);
    return;
  }
  auto was = pairs_.cbegin();
  for (const Pair& is : noted) {
    for (; was != pairs_.cend() && was->key < is.key; ++was) change(was->key, was->state, now);
    const bool known = was != pairs_.cend() && was->key == is.key;
    const State before = known ? was->state : State();
    if (before.bits != is.state.bits) change(is.key, before, now);
    if (known) ++was;
  }
  for (; was != pairs_.cend(); ++was) change(was->key, was->state, now);
  pairs_ = std::move(noted);
  if (nodes_.size() > 2 * nodes_kept_ + kNodesLookedThrough) forget_nodes();
}

void GridMemory::forget_nodes() {
  std::vector<bool> named(node_of_.size());
  const auto name = [&](Key key) { named[key >> 32U] = named[key & 0xffff'ffffU] = true; };
  for (const Pair& pair : pairs_) name(pair.key);
  for (const Change& change : changes_) name(change.key);
  for (std::uint32_t number = 0; number < named.size(); ++number) {
    if (named[number] || node_of_[number] == nullptr) continue;
    nodes_.erase(nodes_.find(node_of_[number]->first));
    node_of_[number] = nullptr;
    free_.push_back(number);
  }
  nodes_kept_ = nodes_.size();
}

void GridMemory::add(MeshGrid& grid, Key key, State state) const {
  if (state.bits == State::kAbsent) return;
  const auto& [from, from_node] = *node_of_[key >> 32U];
  const auto& [to, to_node] = *node_of_[key & 0xffff'ffffU];
  grid.add({.from = from,
            .to = to,
            .from_zone = from_node.zone,
            .to_zone = to_node.zone,
            .state = static_cast<PathState>(state.bits & 3U),
            .cut = static_cast<Cut>(state.bits >> 2U)});
}

std::optional<MeshGrid> GridMemory::at(Clock::time_point time) const {
  if (!since_ || time < *since_) return std::nullopt;
  std::unordered_map<Key, State> undone;
  for (auto change = changes_.rbegin(); change != changes_.rend() && change->at > time; ++change) {
    undone[change->key] = change->before;
  }
  MeshGrid grid(layer_);
  for (const Pair& pair : pairs_) {
    if (!undone.contains(pair.key)) add(grid, pair.key, pair.state);
  }
  for (const auto& [key, state] : undone) add(grid, key, state);
  return grid;
}

}  // namespace meshcheck::mesh
