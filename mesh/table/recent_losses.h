// For who fills a View: how many of a path's losses are new, from what one report says and the
// next.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "lib/base/time.h"

namespace meshcheck::mesh {

// A report tells the losses of the last minute, and a minute is long. What they grew by since the
// fewest that were told in the five to ten seconds before is a lower bound of what was lost in
// that time: losses that become older than a minute can only hide new ones. One of them for each
// path; a path that is new has no new losses.
class RecentLosses {
 public:
  // A report came that says so of the path.
  void told(std::uint16_t lost, Clock::time_point received) {
    // Who was not heard for long has not lost all of it just now.
    if (known_ && received - began_ > kGapMax) known_ = false;
    if (!known_) fewest_before_ = fewest_ = lost;
    const bool over = !known_ || received - began_ >= kPart;
    if (over) {
      fewest_before_ = fewest_;
      fewest_ = lost;
      began_ = received;
    }
    known_ = true;
    fewest_ = std::min(fewest_, lost);
    const int more = lost - std::min(fewest_, fewest_before_);
    lately_ = static_cast<std::uint8_t>(std::min(more, 255));
  }
  // For Path::lost_lately.
  std::uint8_t lately() const { return lately_; }

 private:
  static constexpr std::chrono::milliseconds kPart{4500};  // Reports each 5 s jitter.
  static constexpr std::chrono::seconds kGapMax{18};

  Clock::time_point began_;
  std::uint16_t fewest_ = 0;
  std::uint16_t fewest_before_ = 0;
  std::uint8_t lately_ = 0;
  bool known_ = false;
};

}  // namespace meshcheck::mesh
