#include "mesh/sla/timers.h"

#include <algorithm>

namespace meshcheck::sla {

Timers& Timers::operator+=(const Timers& other) {
  up += other.up;
  down += other.down;
  unknown += other.unknown;
  return *this;
}

bool fits(const Timers& timers, Milliseconds length) {
  constexpr Milliseconds kNone{0};
  // One by one first, so that the sum cannot overflow.
  for (const Milliseconds part : {timers.up, timers.down, timers.unknown}) {
    if (part < kNone || part > length) return false;
  }
  return timers.measured() <= length;
}

Timers combine(const Timers& a, const Timers& b) {
  const Milliseconds measured = std::max(a.measured(), b.measured());
  const Milliseconds known = std::max(a.up + a.down, b.up + b.down);
  Timers best;
  best.up = std::max(a.up, b.up);
  const Milliseconds rest = measured - best.up;
  best.down = std::min(known - best.up, rest);
  best.unknown = rest - best.down;
  return best;
}

}  // namespace meshcheck::sla
