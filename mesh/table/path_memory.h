// The server's memory of a path from one report to the next.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/base/time.h"
#include "mesh/table/path_row.h"
#include "mesh/table/recent_losses.h"

namespace meshcheck::mesh {

// A path's usual round trips, its recent losses, and when it was last down. There may be a million:
// 32 bytes.
class PathMemory {
 public:
  // Takes in a row that was reported at `now`.
  void learn(const PathRow& row, Clock::time_point now);

  // Usual round trips: means of about five minutes, from reports of a full minute without an
  // outage; 0: unknown.
  std::uint32_t usual_p50_us() const { return static_cast<std::uint32_t>(usual_p50_us_); }
  std::uint32_t usual_p90_us() const { return static_cast<std::uint32_t>(usual_p90_us_); }
  // Whether it was reported down within the last minute, which its counts cover.
  bool was_down_lately(Clock::time_point now) const;
  std::uint8_t lost_lately() const { return losses_.lately(); }

 private:
  void learn_usual(const PathRow& row, std::uint32_t now_s);

  RecentLosses losses_;
  float usual_p50_us_ = 0;
  float usual_p90_us_ = 0;
  // Seconds of the steady clock; 0: never.
  std::uint32_t learned_s_ = 0;
  std::uint32_t was_down_s_ = 0;
};
static_assert(sizeof(PathMemory) <= 32);

// The memories of `rows`, made from those of the same paths in `before`, whatever the order; a new
// path begins anew.
std::vector<PathMemory> remember(std::span<const PathRow> rows_before,
                                 std::span<const PathMemory> before, std::span<const PathRow> rows,
                                 Clock::time_point now);

}  // namespace meshcheck::mesh
