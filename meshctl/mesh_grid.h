// The paths between each two nodes, as counts by state; and the same for groups of nodes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/result.h"

namespace meshcheck::meshctl {

// Of paths by their state.
struct PathCounts {
  std::uint32_t up = 0;
  std::uint32_t degraded = 0;
  std::uint32_t down = 0;
  std::uint32_t unknown = 0;

  void add(std::string_view state);
  PathCounts& operator+=(const PathCounts& other);
  // In the order of the server's grid: "down", "degraded", "unknown", "up"; "" without paths.
  std::string_view worst() const;
};

// A value. The cell (i, j) is from nodes[i] to nodes[j]; most are empty in a large mesh.
struct MeshGrid {
  std::vector<std::string> nodes;  // In natural order.
  std::map<std::pair<std::size_t, std::size_t>, PathCounts> cells;

  PathCounts total() const;
};

// Of the body of GET /api/v1/mesh with relation=peer.
Result<MeshGrid> read_mesh(std::string_view body);

// Neighbours in the order of names are one group, `groups` of them of the same size or one less. A
// group of several has the name of its first node with ".." behind.
MeshGrid grouped(const MeshGrid& grid, std::size_t groups);

}  // namespace meshcheck::meshctl
