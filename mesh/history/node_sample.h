// A point of each node and layer, from all paths of the mesh at one moment.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "mesh/history/point_codec.h"
#include "mesh/table/mesh_table.h"

namespace meshcheck::history {

// Paths are added in any order, quickest those of a node one after the other. Counts are of all
// paths of the node's agent, to peers, its twin, the gateway and targets; losses and round trips of
// those between agents whose state is known. No clock, no lock.
class NodeSample {
 public:
  NodeSample() = default;
  NodeSample(const NodeSample&) = delete;
  NodeSample& operator=(const NodeSample&) = delete;

  void add(const mesh::PathView& path);
  // What was added, and empties the sample. Nodes without a name are left out.
  Tick take();

 private:
  struct Sums {
    std::array<std::uint32_t, 4> states{};  // By PathState.
    std::uint64_t sent = 0;
    std::uint64_t lost = 0;
    std::uint64_t lost_forward = 0;
    std::uint64_t lost_backward = 0;
    std::vector<std::uint32_t> p50_us;
    std::uint32_t p99_us = 0;  // The largest; 0: none.
    std::uint16_t size = Point::kNone;
  };
  static Point point_of(Sums& sums);

  std::map<SeriesKey, Sums> sums_;
  std::map<SeriesKey, Sums>::iterator last_ = sums_.end();
};

}  // namespace meshcheck::history
