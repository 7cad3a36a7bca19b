// The grids of any server. What is accepted can be drawn, and has places for all its cells.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "meshctl/heat_map.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshcheck::meshctl;
  const std::string body(reinterpret_cast<const char*>(data), size);
  const auto grid = read_grids({body, body});
  if (!grid) return 0;
  if (grid->zones.size() != grid->nodes.size()) std::abort();
  for (const auto& [pair, counts] : grid->cells) {
    if (pair.first >= grid->nodes.size() || pair.second >= grid->nodes.size()) std::abort();
    if (counts.worst().empty()) std::abort();
  }
  draw_heat_map(*grid, {}, false);
  draw_heat_map(*grid, {.colour = true, .width = 8, .height = 3}, false);
  return 0;
}
