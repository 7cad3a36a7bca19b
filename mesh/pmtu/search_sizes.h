// The sizes that a round of the search for a path's MTU tries.
#pragma once

#include <cstdint>

#include "mesh/pmtu/probe_round.h"

namespace meshcheck::mesh {

struct SearchRange {
  std::uint16_t low = 0;       // The largest that passed.
  std::uint16_t high = 0;      // The smallest above it that stayed silent; 0: none.
  std::uint16_t size_max = 0;  // The MTU of the sender's link.
  std::uint16_t hint = 0;      // A size worth trying; 0: none.
};

// Fills a round that was just begun, the largest first: the first answer makes the rest needless. A
// hint within the range is tried together with one byte more; without one, likely sizes and sizes
// in between are tried.
void add_search_sizes(ProbeRound& round, const SearchRange& range);

}  // namespace meshcheck::mesh
