// Tells whether silence may be this process's own fault.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "lib/base/time.h"

namespace meshcheck::mesh {

// A process that did not run for a while, stopped or without a core, has read nothing in that time:
// every agent looks silent to it. So the loop that looks at ages calls turned() at each of its
// turns. After a gap no age counts until the agent in question has had one interval to report
// again. A process that is held up again and again, each time for longer than kGapMax, judges no
// agent. Reads no clock; a plain value.
class RunWatch {
 public:
  static constexpr std::chrono::milliseconds kGapMax{1000};  // The loop turns each half second.

  // How long the loop had not turned, if that is a gap.
  std::optional<Clock::duration> turned(Clock::time_point now) {
    const auto before = std::exchange(turned_, now);
    if (!before || now - *before <= kGapMax) return std::nullopt;
    resumed_ = now;
    return now - *before;
  }

  // Whether the ages of reports that come each `interval` count. They do not within a gap: another
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
