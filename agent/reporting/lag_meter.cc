#include "agent/reporting/lag_meter.h"

#include <algorithm>
#include <utility>

namespace meshcheck::agent {

void LagMeter::tick(Clock::time_point now) {
  const auto previous = std::exchange(previous_, now);
  if (!previous) return;
  Clock::duration lag = now - *previous - period_;
  if (lag < std::chrono::milliseconds(1)) lag = {};
  max_ = std::max(max_, lag);
  sum_ += lag;
  ++count_;
}

LagMeter::Reading LagMeter::take() {
  using std::chrono::microseconds;
  Reading reading;
  if (count_ > 0) {
    reading.max = std::chrono::duration_cast<microseconds>(max_);
    reading.mean = std::chrono::duration_cast<microseconds>(sum_ / count_);
  }
  max_ = {};
  sum_ = {};
  count_ = 0;
  return reading;
}

}  // namespace meshcheck::agent
