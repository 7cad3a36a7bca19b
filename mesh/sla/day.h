// A day of one probe: its 288 rollups, and the bytes that they are stored as.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/base/result.h"
#include "mesh/sla/episode.h"

namespace meshcheck::sla {

inline constexpr std::chrono::hours kDayLength{24};

// Days since 1970, UTC.
using DayNumber = std::int32_t;
DayNumber day_of(Seconds time);
Seconds start_of(DayNumber day);

struct Day {
  static constexpr std::size_t kRollups = kDayLength / kRollupLength;

  std::array<Timers, kRollups> rollups{};

  // REQUIRES: `time` is within the day.
  Timers& at(Seconds time);
  const Timers& at(Seconds time) const;
  Timers sum() const;
  friend bool operator==(const Day&, const Day&) = default;
};

// Runs of equal rollups, since most rollups of a day equal the one before: for each run its length,
// up, down and unknown in milliseconds, as LEB128 numbers. A day without change is 8 bytes, the
// worst one under 3 KB.
std::vector<std::uint8_t> encode(const Day& day);
// The error names the damage.
Result<Day> decode_day(std::span<const std::uint8_t> bytes);

}  // namespace meshcheck::sla
