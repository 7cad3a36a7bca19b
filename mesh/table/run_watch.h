// Whether silence may be this process's own fault.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "lib/base/time.h"

namespace meshcheck::mesh {

// Who did not run for a while, stopped or without a core, has read nothing in that time: to it
// everybody looks silent. So the loop that looks at ages says at each of its turns that it runs.
// After a gap no age counts until whoever is asked about has had the time of one interval to report
// again. Who is held up again and again, each time for longer than kGapMax, judges nobody. Reads no
// clock; a plain value.
class RunWatch {
 public:
  static constexpr std::chrono::milliseconds kGapMax{1000};  // The loop turns each half second.

  // For how long it had not turned, if that is a gap.
  std::optional<Clock::duration> turned(Clock::time_point now) {
    const auto before = std::exchange(turned_, now);
    if (!before || now - *before <= kGapMax) return std::nullopt;
    resumed_ = now;
    return now - *before;
  }

  // Whether the age of what comes each `interval` counts. In a gap it does not either: another
  // thread may run before the loop turns.
  bool judges(Clock::time_point now, Clock::duration interval) const {
    if (turned_ && now - *turned_ > kGapMax) return false;
    return !resumed_ || now - *resumed_ > interval;
  }

 private:
  std::optional<Clock::time_point> turned_;
  std::optional<Clock::time_point> resumed_;  // After the last gap.
};

}  // namespace meshcheck::mesh
