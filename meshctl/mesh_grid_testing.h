// The bytes of a server's grid, for tests.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "meshctl/json.h"

namespace meshcheck::meshctl {

struct GridOfTest {
  struct Cell {
    std::size_t from = 0;
    std::size_t to = 0;
    unsigned state = 1;  // Of unknown, up, degraded, down.
  };
  std::vector<std::string> nodes;
  std::vector<std::string> zones;
  std::vector<Cell> cells;  // By `from`.

  std::string bytes() const {
    const Json head{{"nodes", nodes},
                    {"zones", zones},
                    {"states", {"unknown", "up", "degraded", "down"}},
                    {"cells", cells.size()}};
    std::string out = head.dump() + '\n';
    for (std::size_t from = 0; from < nodes.size(); ++from) {
      std::size_t end = 0;
      while (end < cells.size() && cells[end].from <= from) ++end;
      for (unsigned i = 0; i < 4; ++i) out += static_cast<char>(end >> (8 * i) & 0xffU);
    }
    for (const Cell& cell : cells) {
      out += static_cast<char>(cell.to & 0xffU);
      out += static_cast<char>(cell.to >> 8U & 0xffU);
    }
    // The upper bits are directions.
    for (const Cell& cell : cells) out += static_cast<char>(cell.state | 3U << 2U);
    return out.append(3 * cells.size(), '\0');
  }
};

}  // namespace meshcheck::meshctl
