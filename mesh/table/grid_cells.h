// The cells of a grid as numbers, and what changed from one grid of a layer to the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace meshcheck::mesh {

// A pair, with the numbers that the grid's columns have. 8 bytes.
struct GridCell {
  std::uint16_t from = 0;  // The places of both nodes in the grid's list.
  std::uint16_t to = 0;
  std::uint8_t state = 0;  // With the direction.
  std::uint8_t sizes = 0;
  std::uint8_t rtt = 0;
  std::uint8_t loss = 0;

  bool operator==(const GridCell&) const = default;
};

struct GridCells {
  std::uint64_t head = 0;       // A digest of what the grid says besides its cells.
  std::vector<GridCell> cells;  // By `from`, then by `to`.
};

// What a client that has `before` needs to have `after`, as a list in JSON: `[from,to,state,sizes,
// rtt,loss]` for a cell that is new or another one, `[from,to]` for one that is gone. Nothing if
// there are more than `changes_max`, or the heads differ.
std::optional<std::string> changes_of(const GridCells& before, const GridCells& after,
                                      std::size_t changes_max);

}  // namespace meshcheck::mesh
