// What a graph asks for: the query of /api/v1/history.
#pragma once

#include <chrono>
#include <cstddef>

#include "lib/http/message.h"
#include "mesh/history/recent_history.h"

namespace meshcheck::server {

struct HistoryQuery {
  static constexpr std::size_t kPointsMax = 2000;
  static constexpr std::chrono::days kLengthMax{3660};

  history::SeriesKey key;
  history::Seconds from;  // A multiple of `step`; of a single step, of `kept`.
  history::Seconds to;
  std::chrono::seconds kept{};  // Of the points that are read: 10 s, a minute or ten minutes.
  std::chrono::seconds step{};  // Of the answer: a multiple of `kept`.
  std::size_t points_max = 600;

  bool is_recent() const { return kept == history::RecentHistory::kStep; }
  // Sets the steps, and has `from` begin one: at most points_max steps that have all that was asked
  // for.
  void read_steps_of(std::chrono::seconds step_kept);
};

// The finest steps that are kept for so long ago and are at most as many as was asked for.
// `stored`: there is a database; without it a query begins within the last hour. An error names the
// key.
Result<HistoryQuery> parse_history_query(const http::Request& request, WallTime now, bool stored);

}  // namespace meshcheck::server
