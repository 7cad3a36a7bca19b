// Whether a loop runs its sweeps in time; if not, it was starved and can judge no path.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "lib/base/time.h"

namespace meshcheck::probe {

// Of sweeps that are due each kPeriod. Reads no clock.
class SweepClock {
 public:
  static constexpr std::chrono::milliseconds kPeriod{200};
  static constexpr std::chrono::milliseconds kLatenessMin{250};  // Less does not count.

  // To be called at each sweep: whether it is late by more than half of a probe's timeout. The
  // first sweep never is, since the loop may not have turned before.
  bool is_late(Clock::time_point now, Clock::duration timeout) {
    const auto before = std::exchange(swept_, now);
    if (!before) return false;
    return now - *before - kPeriod > std::max<Clock::duration>(timeout / 2, kLatenessMin);
  }

 private:
  std::optional<Clock::time_point> swept_;
};

}  // namespace meshcheck::probe
