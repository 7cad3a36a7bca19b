#include "mesh/sla/day.h"

#include "lib/base/varint.h"

namespace meshcheck::sla {
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
    append_varint(bytes, static_cast<std::uint32_t>(end - begin));
    append_varint(bytes, static_cast<std::uint32_t>(rollup.up.count()));
    append_varint(bytes, static_cast<std::uint32_t>(rollup.down.count()));
    append_varint(bytes, static_cast<std::uint32_t>(rollup.unknown.count()));
    begin = end;
  }
  return bytes;
}

Result<Day> decode_day(std::span<const std::uint8_t> bytes) {
  Day day;
  std::size_t begin = 0;
  while (!bytes.empty()) {
    const auto length = take_varint(bytes);
    const auto up = take_varint(bytes);
    const auto down = take_varint(bytes);
    const auto unknown = take_varint(bytes);
    if (!length || !up || !down || !unknown) return Error("a day ends in the middle of a run");
    const Timers rollup{Milliseconds(*up), Milliseconds(*down), Milliseconds(*unknown)};
    if (!fits(rollup, kRollupLength)) return Error("a rollup is longer than 5 minutes");
    const std::size_t left = Day::kRollups - begin;
    if (*length < 1 || *length > left) {
      return Error("a run is longer than its day");
    }
    for (std::uint32_t i = 0; i < *length; ++i) day.rollups.at(begin++) = rollup;
  }
  if (begin != Day::kRollups) return Error("a day has not all of its rollups");
  return day;
}

}  // namespace meshcheck::sla
