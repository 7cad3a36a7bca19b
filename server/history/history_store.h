// The history of graphs in the database.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "lib/store/connection.h"
#include "mesh/history/point_codec.h"
#include "mesh/history/recent_history.h"

namespace meshcheck::server {

using history::Seconds;

// A minute is a tick, a row of all series; once an hour is over, its ticks become chunks, a row a
// series; once a day is over, its chunks become others with steps of ten minutes.
inline constexpr std::chrono::minutes kMinuteStep{1};
inline constexpr std::chrono::minutes kLongStep{10};
// How long minutes are kept, and an hour more.
inline constexpr std::chrono::hours kMinutesKept{48};

// Overwrites one of the same minute.
Result<void> write_tick(store::Connection& database, Seconds minute, const history::Bytes& tick);

struct HistoryBounds {
  std::chrono::days age{90};
  std::uint64_t bytes = std::uint64_t{512} << 20U;  // Of points; names and keys come on top.
};
// Makes chunks of one hour and of days that are over at `now`, and deletes what is too old or too
// much, the oldest first. Settles days and deletes by age only if the clock is proven (WallGuard).
// Returns the bytes of points that are left.
Result<std::uint64_t> settle_history(store::Connection& database, Seconds now, bool proven,
                                     const HistoryBounds& bounds);

// Calls `take` for each point of a minute from the hour of `from` on, in hours that begin before
// `to`.
using TakeMinute =
    std::function<void(const history::SeriesKey& key, Seconds minute, const history::Point& point)>;
Result<void> read_minutes(store::Connection& database, Seconds from, Seconds to,
                          const TakeMinute& take);

// The points of [from, to) with steps of kMinuteStep or kLongStep; `from` is a multiple of the
// step. Unreadable rows read as not measured.
Result<std::vector<history::Point>> read_history(store::Connection& database,
                                                 const history::SeriesKey& key,
                                                 std::chrono::seconds step, Seconds from,
                                                 Seconds to);

}  // namespace meshcheck::server
