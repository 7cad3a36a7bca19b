// The steps that a question about a time is answered in.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "mesh/sla/episode.h"

namespace meshcheck::sla {

// Steps are multiples of the rollup and begin at multiples of themselves since 1970, so a day
// begins at midnight UTC. There is at least one.
struct Range {
  Seconds from;
  Seconds to;
  std::chrono::seconds step{0};
  std::size_t steps = 1;

  Seconds start_of(std::size_t index) const {
    return from + step * static_cast<std::int64_t>(index);
  }
  Seconds end_of(std::size_t index) const { return start_of(index) + step; }
};

// As upmeter aligns: the step goes down to a multiple of the rollup, `to` up to a multiple of the
// step, which may be in the future, and `from` up to a whole number of steps before it. A range
// shorter than a step is the step that ends at `to`; upmeter has the step after it, which has no
// data.
Range align(Seconds from, Seconds to, std::chrono::seconds step);

}  // namespace meshcheck::sla
