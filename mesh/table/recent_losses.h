// For filling a View: how many of a path's losses are new, from one report and the next.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "lib/base/time.h"

namespace meshcheck::mesh {

// A report counts the losses of the last minute, which is long. Its count less the smallest one
// reported in the five to ten seconds before is a lower bound of the losses in that time: losses
// that become older than a minute can only hide new ones. One object for each path; a new path has
// no new losses.
class RecentLosses {
 public:
  // A report came with `lost` losses of the path.
  void told(std::uint16_t lost, Clock::time_point received) {
    // After a long silence not all of its losses are new.
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
