#include "mesh/sla/range.h"

#include <algorithm>

namespace meshcheck::sla {

Range align(Seconds from, Seconds to, std::chrono::seconds step) {
  Range range;
  range.step = std::max(kRollupLength, step - step % kRollupLength);
  range.to = floor_to(to, range.step);
  if (range.to < to) range.to += range.step;
  const auto steps = std::max<std::int64_t>(1, (range.to - from) / range.step);
  range.from = range.to - steps * range.step;
  range.steps = static_cast<std::size_t>(steps);
  return range;
}

}  // namespace meshcheck::sla
