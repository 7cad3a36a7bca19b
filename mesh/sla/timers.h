// How long something was up, down and unknown within a stretch of time, and how several views of
// the same stretch become one.
#pragma once

#include <chrono>

namespace meshcheck::sla {

using Milliseconds = std::chrono::milliseconds;

// None is negative. The rest of the stretch is time without data. A stretch of 5 minutes and a
// year's sum are both one of these.
struct Timers {
  Milliseconds up{0};
  Milliseconds down{0};
  Milliseconds unknown{0};

  Milliseconds measured() const { return up + down + unknown; }
  Timers& operator+=(const Timers& other);
  friend bool operator==(const Timers&, const Timers&) = default;
};

// None negative, and together not longer than the stretch.
bool fits(const Timers& timers, Milliseconds length);

// Combines two agents' views of the same stretch by the best result: an agent that saw it up is
// right, since the other may have had a fault of its own. Commutative, idempotent, monotone in
// `up`, and never longer than the longer of the two. doc/operate/sla.md has the rule.
Timers combine(const Timers& a, const Timers& b);

}  // namespace meshcheck::sla
