// Spreads probes evenly over an interval, a few at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "lib/base/time.h"

namespace meshcheck::probe {

// Says how many of `items` are due, in turn, so that each comes once in an interval. With few it
// wakes up for each one; with many, once a tick for all of that tick. After a stall it goes on with
// at most two ticks' worth: missed items are skipped, since a burst of probes would disturb its own
// measurement.
//
// Reads no clock; one thread.
class Pacer {
 public:
  static constexpr Clock::duration kTick = std::chrono::milliseconds(10);

  Pacer(Clock::duration interval, Clock::time_point now);

  // Either may change at any time; the order of the items stays.
  void set(std::size_t items, Clock::duration interval, Clock::time_point now);

  // How many are due since the last call.
  std::size_t due(Clock::time_point now);
  // How long after `now` to ask next; nothing while there are no items.
  std::optional<Clock::duration> wait() const;

 private:
  void accrue(Clock::time_point now);

  std::int64_t items_ = 0;
  Clock::duration interval_;
  Clock::time_point last_;
  // Elapsed time multiplied by `items`: an interval of it makes one item due.
  Clock::duration credit_{0};
};

}  // namespace meshcheck::probe
