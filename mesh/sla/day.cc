#include "mesh/sla/day.h"

#include <cassert>
#include <optional>

namespace meshcheck::sla {
namespace {

constexpr unsigned kPayloadBits = 7;
constexpr std::uint32_t kPayload = 0x7f;
constexpr std::uint8_t kMore = 0x80;
// Of a number below 2^28, which all of ours are.
constexpr unsigned kShiftMax = 3 * kPayloadBits;

void append(std::vector<std::uint8_t>& bytes, std::int64_t value) {
  assert(value >= 0 && value < std::int64_t{1} << (kShiftMax + kPayloadBits));
  auto rest = static_cast<std::uint32_t>(value);
  for (; rest > kPayload; rest >>= kPayloadBits) {
    bytes.push_back(static_cast<std::uint8_t>(rest & kPayload) | kMore);
  }
  bytes.push_back(static_cast<std::uint8_t>(rest));
}

// Takes it from the front.
std::optional<std::int64_t> take(std::span<const std::uint8_t>& bytes) {
  std::int64_t value = 0;
  for (unsigned shift = 0; shift <= kShiftMax; shift += kPayloadBits) {
    if (bytes.empty()) return std::nullopt;
    const std::uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    value |= static_cast<std::int64_t>(byte & kPayload) << shift;
    if ((byte & kMore) == 0) return value;
  }
  return std::nullopt;
}

}  // namespace

DayNumber day_of(Seconds time) {
  return static_cast<DayNumber>(floor_to(time, kDayLength).time_since_epoch() / kDayLength);
}

Seconds start_of(DayNumber day) {
  return Seconds(day * kDayLength);
}

namespace {

std::size_t index_of(Seconds time) {
  return static_cast<std::size_t>((time - start_of(day_of(time))) / kRollupLength);
}

}  // namespace

Timers& Day::at(Seconds time) {
  return rollups.at(index_of(time));
}

const Timers& Day::at(Seconds time) const {
  return rollups.at(index_of(time));
}

Timers Day::sum() const {
  Timers all;
  for (const Timers& rollup : rollups) all += rollup;
  return all;
}

std::vector<std::uint8_t> encode(const Day& day) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t begin = 0; begin < Day::kRollups;) {
    const Timers& rollup = day.rollups.at(begin);
    std::size_t end = begin + 1;
    while (end < Day::kRollups && day.rollups.at(end) == rollup) ++end;
    append(bytes, static_cast<std::int64_t>(end - begin));
    append(bytes, rollup.up.count());
    append(bytes, rollup.down.count());
    append(bytes, rollup.unknown.count());
    begin = end;
  }
  return bytes;
}

Result<Day> decode_day(std::span<const std::uint8_t> bytes) {
  Day day;
  std::size_t begin = 0;
  while (!bytes.empty()) {
    const auto length = take(bytes);
    const auto up = take(bytes);
    const auto down = take(bytes);
    const auto unknown = take(bytes);
    if (!length || !up || !down || !unknown) return Error("a day ends in the middle of a run");
    const Timers rollup{Milliseconds(*up), Milliseconds(*down), Milliseconds(*unknown)};
    if (!fits(rollup, kRollupLength)) return Error("a rollup is longer than 5 minutes");
    const std::size_t left = Day::kRollups - begin;
    if (*length < 1 || static_cast<std::size_t>(*length) > left) {
      return Error("a run is longer than its day");
    }
    for (std::int64_t i = 0; i < *length; ++i) day.rollups.at(begin++) = rollup;
  }
  if (begin != Day::kRollups) return Error("a day has not all of its rollups");
  return day;
}

}  // namespace meshcheck::sla
