// Lengths of time as people write them: "200ms", "5s", "1m30s".
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace meshcheck {

struct DurationRange {
  std::chrono::milliseconds min{0};
  std::chrono::milliseconds max{0};
};

// Whole numbers, each with its unit (ms, s, m, h, d), the largest first; "0" needs none. An error
// describes the format and the range.
Result<std::chrono::milliseconds> parse_duration(std::string_view text, DurationRange range);

// The inverse, with hours as the largest unit: "0s", "1m30s", "36h".
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace meshcheck
