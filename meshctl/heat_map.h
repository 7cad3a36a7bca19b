// A grid as a picture of characters.
#pragma once

#include <cstddef>
#include <string>

#include "meshctl/document.h"
#include "meshctl/mesh_grid.h"
#include "meshctl/style.h"

namespace meshcheck::meshctl {

// With colour two rows of the grid are one line of half blocks, where what fails has a sign;
// without, each is a line of letters. Larger than the screen of `style` only with `all`; else zones
// stand for their nodes, or, if there is one or they are too many, groups of neighbours in the
// order of the grid do; and a line says so.
std::string draw_heat_map(const MeshGrid& grid, const Style& style, bool all);

struct MeshQuestion {
  std::string layer;  // Empty: both.
  bool all = false;
  bool all_pairs = false;  // Table and tree have each pair, and not just those that are not up.
};
Document mesh_document(const MeshGrid& grid, const Style& style, const MeshQuestion& question);
// A row for each node that `node` probes or is probed by. An error if it is in no pair.
Result<Document> mesh_row_document(const MeshGrid& grid, const std::string& node);

}  // namespace meshcheck::meshctl
