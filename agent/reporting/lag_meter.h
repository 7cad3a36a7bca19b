// Measures how late the loop runs its timers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "lib/base/time.h"

namespace meshcheck::agent {

// tick() is called each time a repeating timer ran; time beyond its period is lag: this process was
// starved or blocked. Timers are exact to 1 ms, so less than that counts as none.
class LagMeter {
 public:
  struct Reading {
    std::chrono::microseconds max{0};
    std::chrono::microseconds mean{0};
  };

  explicit LagMeter(Clock::duration period) : period_(period) {}

  void tick(Clock::time_point now);
  // Since the last reading.
  Reading take();

 private:
  Clock::duration period_;
  std::optional<Clock::time_point> previous_;
  Clock::duration max_{};
  Clock::duration sum_{};
  std::int64_t count_ = 0;
};

}  // namespace meshcheck::agent
