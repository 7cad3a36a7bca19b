// A day of the SLA's table: bytes of a database file that may be damaged.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "mesh/sla/day.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshcheck;
  const auto day = sla::decode_day(std::span(data, size));
  if (!day) return 0;
  for (const sla::Timers& rollup : day->rollups) {
    if (!sla::fits(rollup, sla::kRollupLength)) std::abort();
  }
  if (!sla::fits(day->sum(), sla::kDayLength)) std::abort();
  const auto bytes = sla::encode(*day);
  // What was written by others may be longer, ours is the shortest.
  if (bytes.size() > size) std::abort();
  const auto again = sla::decode_day(bytes);
  if (!again || *again != *day) std::abort();
  return 0;
}
