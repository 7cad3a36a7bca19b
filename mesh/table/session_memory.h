// Tells two agents of one name from one that restarts: a session that has ended does not come back.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "lib/base/time.h"

namespace meshcheck::mesh {

// The sessions of one name, told apart by the SSID (RFC 8972, section 3) that each agent draws when
// it starts. Detects up to four agents of one name; more of them look like restarts.
class SessionMemory {
 public:
  // To be called for each report. Returns true if the session had given way to another one before.
  bool note(std::uint16_t ssid, Clock::time_point now) {
    if (ssid == present_) return false;
    const bool returned =
        ssid != 0 && std::find(earlier_.begin(), earlier_.end(), ssid) != earlier_.end();
    std::rotate(earlier_.begin(), earlier_.end() - 1, earlier_.end());
    earlier_.front() = present_;
    present_ = ssid;
    if (!returned) return false;
    std::rotate(returns_.begin(), returns_.end() - 1, returns_.end());
    returns_.front() = now;
    return true;
  }

  // A report that was late while its agent restarted makes two returns; two agents make one with
  // each report.
  bool alternates(Clock::time_point now, Clock::duration report_interval) const {
    const Clock::duration within = kWithinMin + kIntervals * report_interval;
    return returns_.back() != Clock::time_point() && now - returns_.back() <= 2 * within &&
           now - returns_.front() <= within;
  }

 private:
  static constexpr std::chrono::seconds kWithinMin{30};
  static constexpr int kIntervals = 3;

  std::uint16_t present_ = 0;  // 0: none; an agent without STAMP always has 0.
  std::array<std::uint16_t, 3> earlier_{};
  std::array<Clock::time_point, 3> returns_;  // The latest first.
};

}  // namespace meshcheck::mesh
