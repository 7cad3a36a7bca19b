// The states of one layer's pairs at a past time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/time.h"
#include "mesh/table/mesh_grid.h"

namespace meshcheck::mesh {

// Keeps what changed from one grid to the next: 24 bytes a change, 16 a pair, and the names of
// their nodes. Bounded by changes; the oldest go first. Reads no clock and has no lock: its owner
// guards it.
class GridMemory {
 public:
  static constexpr std::size_t kChangesMax = 500'000;  // 12 MB.

  explicit GridMemory(Layer layer, std::size_t changes_max = kChangesMax)
      : layer_(layer), changes_max_(changes_max) {}

  // The layer's grid as it is at `now`, which never goes back.
  void note(MeshGrid& grid, Clock::time_point now);

  // From when on at() knows; nothing before the first grid.
  std::optional<Clock::time_point> since() const { return since_; }
  // As the last grid before `time` was; nothing for a time before since(). Zones are today's.
  std::optional<MeshGrid> at(Clock::time_point time) const;
  std::size_t changes() const { return changes_.size(); }

 private:
  using Key = std::uint64_t;  // The numbers of both nodes: the one that probes first.
  struct State {
    static constexpr std::uint8_t kAbsent = 0xff;
    std::uint8_t bits = kAbsent;  // A PathState, and a Cut in the next bits.
  };
  struct Pair {
    Key key = 0;
    State state;
  };
  struct Change {
    Clock::time_point at;
    Key key = 0;
    State before;
  };
  struct Node {
    std::string zone;
    std::uint32_t number = 0;
  };
  using Nodes = std::map<std::string, Node, std::less<>>;

  std::uint32_t number_of(std::string_view name, std::string_view zone);
  void change(Key key, State before, Clock::time_point now);
  // Gives the numbers of nodes that nothing names any more to others.
  void forget_nodes();
  void add(MeshGrid& grid, Key key, State state) const;

  const Layer layer_;
  const std::size_t changes_max_;
  std::optional<Clock::time_point> since_;
  Nodes nodes_;
  std::vector<const Nodes::value_type*> node_of_;  // By number; null for one that is free.
  std::vector<std::uint32_t> free_;
  std::size_t nodes_kept_ = 0;  // By the last forget_nodes().
  std::vector<Pair> pairs_;     // By key.
  std::deque<Change> changes_;  // By time.
};

}  // namespace meshcheck::mesh
