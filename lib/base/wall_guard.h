// When the wall clock may be believed for good: what is deleted by it does not come back.
#pragma once

#include <chrono>
#include <optional>

#include "lib/base/time.h"

namespace meshcheck {

// One reading of the wall clock proves nothing: a machine may begin with a wrong one, and anybody
// may set it. It is believed once it has run beside the steady clock for an hour. Pure.
class WallGuard {
 public:
  static constexpr std::chrono::hours kPatience{1};
  // What NTP may correct meanwhile.
  static constexpr std::chrono::minutes kTolerance{1};

  // The wall time by which may be deleted; nothing yet after the start and after it was set.
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
