// The states of each two nodes as the server's grids have them, as counts; and the same for groups
// of nodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/result.h"

namespace meshcheck::meshctl {

// Of pairs by their state. Two nodes are a pair in each layer.
struct PairCounts {
  std::uint32_t up = 0;
  std::uint32_t degraded = 0;
  std::uint32_t down = 0;
  std::uint32_t unknown = 0;

  void add(std::string_view state);
  PairCounts& operator+=(const PairCounts& other);
  // In the order of the server's grid: "down", "degraded", "unknown", "up"; "" without pairs.
  std::string_view worst() const;
};

// A value. The cell (i, j) is from nodes[i] to nodes[j]; most are empty in a large mesh.
struct MeshGrid {
  std::vector<std::string> nodes;  // By zone, then in natural order.
  std::vector<std::string> zones;  // Of each node; empty: not known.
  std::map<std::pair<std::size_t, std::size_t>, PairCounts> cells;

  PairCounts total() const;
};

// Of bodies of GET /api/v1/mesh/grid, one of each layer that is wanted. Paths to the other agent of
// the same node are left out. An error if a body is not as doc/reference/wire_format.md says.
Result<MeshGrid> read_grids(const std::vector<std::string>& bodies);

// Neighbours in the order of names are one group, `groups` of them of the same size or one less. A
// group of several has the name of its first node with ".." behind.
MeshGrid grouped(const MeshGrid& grid, std::size_t groups);
// How many zones there are; the nodes whose zone is not known are one.
std::size_t count_zones(const MeshGrid& grid);
// Each zone is a group of its name; "no zone" has the nodes whose zone is not known.
MeshGrid grouped_by_zone(const MeshGrid& grid);

}  // namespace meshcheck::meshctl
