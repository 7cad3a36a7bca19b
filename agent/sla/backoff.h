// How long to wait before the next attempt, when attempts fail.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace meshcheck::agent {

// Doubles from `min` to `max`; the second half of each wait is random, so that many agents do not
// come at once when a server is back.
class Backoff {
 public:
  using Milliseconds = std::chrono::milliseconds;
  struct Range {
    Milliseconds min{1000};
    Milliseconds max{60'000};
  };
  Backoff(Range range, std::uint64_t seed) : range_(range), wait_(range.min), random_(seed) {}

  // After a failure.
  Milliseconds next() {
    const auto half = wait_.count() / 2;
    const auto extra = static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(half + 1));
    wait_ = std::min(2 * wait_, range_.max);
    return Milliseconds(half + extra);
  }
  // After a success.
  void reset() { wait_ = range_.min; }

 private:
  Range range_;
  Milliseconds wait_;
  std::mt19937_64 random_;
};

}  // namespace meshcheck::agent
