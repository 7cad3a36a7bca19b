// Which sizes a round of the search for a path's MTU tries.
#pragma once

#include <cstdint>

#include "mesh/pmtu/probe_round.h"

namespace meshcheck::mesh {

struct SearchRange {
  std::uint16_t low = 0;       // The largest that passed.
  std::uint16_t high = 0;      // The smallest above it that stayed silent; 0: none.
  std::uint16_t size_max = 0;  // What the sender's link carries.
  std::uint16_t hint = 0;      // A size worth trying; 0: none.
};

// Fills a round that was just begun, the largest first: the first answer makes the rest needless. A
// hint within the range is tried with its next byte, and else what is likely and what is between.
void add_search_sizes(ProbeRound& round, const SearchRange& range);

}  // namespace meshcheck::mesh
