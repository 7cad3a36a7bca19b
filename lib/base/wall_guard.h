// Tells when the wall clock may be trusted for deleting old data, which is final.
#pragma once

#include <chrono>
#include <optional>

#include "lib/base/time.h"

namespace meshcheck {

// One reading of the wall clock proves nothing: a machine may begin with a wrong one, and an
// administrator may set it. It is trusted once it has run beside the steady clock for kPatience.
// Pure.
class WallGuard {
 public:
  static constexpr std::chrono::hours kPatience{1};
  // How much NTP may correct the wall clock meanwhile.
  static constexpr std::chrono::minutes kTolerance{1};

  // The wall time, if old data may be deleted by it. Nothing for kPatience after the start and
  // after the clock was set.
  std::optional<WallTime> proven(Now now) {
    const auto ahead = now.wall.time_since_epoch() - now.steady.time_since_epoch();
    if (!since_ || std::chrono::abs(ahead - ahead_) > kTolerance) {
      since_ = now.steady;
      ahead_ = ahead;
    }
    if (now.steady - *since_ < kPatience) return std::nullopt;
    return now.wall;
  }

 private:
  std::optional<Clock::time_point> since_;
  WallTime::duration ahead_{0};  // Of the steady clock.
};

}  // namespace meshcheck
