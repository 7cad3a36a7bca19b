// Clocks and the text of times. Inside the program a time is a std::chrono type; at every edge its
// name carries the unit.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace meshcheck {

// Ages and timeouts: never steps.
using Clock = std::chrono::steady_clock;
// For times that are shown and stored: steps when somebody sets the machine's clock.
using WallClock = std::chrono::system_clock;
using WallTime = std::chrono::time_point<WallClock, std::chrono::nanoseconds>;

// One moment on both clocks: ages come from the steady one, which cannot be set.
struct Now {
  WallTime wall;
  Clock::time_point steady;
};
Now now();

// "2026-11-21T01:32:23.444961774Z" in UTC, fraction without trailing zeros (RFC 3339, Go's
// RFC3339Nano).
std::string format_rfc3339(WallTime time);

// A time of the steady clock as one of the wall's, in milliseconds: RFC 3339.
std::string time_text(Clock::time_point time, Now now);

// The inverse of format_rfc3339, for any offset; an error for a year that WallTime does not hold
// (1678 to 2261).
Result<WallTime> parse_wall_time(std::string_view text);

// A time as its writer gave it, with its own offset from UTC: netchecker echoes an agent's
// `hostdate` that way. Year 0 to 9999, which time_point in nanoseconds does not hold.
class Rfc3339 {
 public:
  // Go's zero time, which netchecker prints for a time that is absent.
  Rfc3339() = default;

  // RFC 3339 section 5.6, with an upper-case 'T' and 'Z', any length of fraction (digits after the
  // ninth are dropped). An error names the fault in `text`.
  static Result<Rfc3339> parse(std::string_view text);

  // As parsed, with the fraction cut to nine digits and its trailing zeros dropped.
  const std::string& text() const { return text_; }

 private:
  std::string text_ = "0001-01-01T00:00:00Z";
};

}  // namespace meshcheck
