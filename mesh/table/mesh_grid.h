// One layer of the mesh as a table of nodes by nodes, four bytes a pair, for a page that draws it.
// doc/reference/wire_format.md has the bytes.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/table/grid_cells.h"
#include "mesh/table/mesh_table.h"

namespace meshcheck::mesh {

// Upper bounds of the levels of a cell, from level 1 on; larger values have the last level. Level 0
// is "not measured". Round trips: half an octave each, 50 us to 6.4 s.
inline constexpr std::size_t kRttLevels = 35;
std::chrono::microseconds rtt_bound(std::size_t level);
inline constexpr std::array<double, 9> kLossBounds = {0,  1,  2,     5,  10,
                                                      20, 50, 99.99, 100};  // Percent.

// Larger is worse: where one place shows several paths. An unknown state is not called fine.
unsigned badness(PathState state);

// How one node reaches another.
struct PairState {
  std::string_view from;  // A node.
  std::string_view to;
  std::string_view from_zone;
  std::string_view to_zone;
  PathState state = PathState::kUnknown;
  Cut cut = Cut::kNone;
};

// Paths are added in any order, then the grid is written once. A row is the node that probes; the
// diagonal is a node's path to its other agent. A pair with paths of both IP versions is shown as
// the worse one. Only probed pairs take memory. Owns its names; no clock, no lock.
class MeshGrid {
 public:
  static constexpr std::size_t kNodesMax = 65'536;  // Numbers of nodes have 16 bits.

  explicit MeshGrid(Layer layer) : layer_(layer) {}

  // Paths of other layers, to no agent, and of nodes beyond kNodesMax are left out.
  void add(const PathView& path, std::string_view from_zone);
  // A pair of which no more is known; each at most once. Left out as above.
  void add(const PairState& pair);
  // The pairs by zone and name. The views are into the grid.
  void visit(const std::function<void(const PairState&)>& visitor);
  // What the bytes will say, as numbers.
  GridCells cells();
  // The bytes: a line of JSON with `time` in it, and `at` if it is not empty, then the columns that
  // it lists. Empties the grid.
  std::string write(std::string_view time, std::string_view at = {});

 private:
  struct Cell {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    PathState state = PathState::kUnknown;
    Cut cut = Cut::kNone;
    FragmentationClass forward = FragmentationClass::kUnknown;
    FragmentationClass backward = FragmentationClass::kUnknown;
    std::uint8_t rtt = 0;   // A level.
    std::uint8_t loss = 0;  // A level.
  };
  struct Node {
    std::string zone;
    std::uint32_t number = 0;  // In the order of its first path; by zone and name after sort().
  };
  using Nodes = std::map<std::string, Node, std::less<>>;

  // kNodesMax: there is no room.
  std::uint32_t number_of(std::string_view node);
  // Numbers the nodes anew, by zone and name, and brings the cells into that order.
  std::vector<Nodes::pointer> sort();
  void sort_cells(const std::vector<std::uint32_t>& place);
  std::vector<GridCell> pack() const;
  static void merge(Cell& into, const Cell& other);

  Layer layer_;
  Nodes nodes_;
  std::vector<Cell> cells_;
  bool sorted_ = true;        // Since the last add().
  std::size_t left_out_ = 0;  // Paths of nodes beyond kNodesMax.
};

}  // namespace meshcheck::mesh
