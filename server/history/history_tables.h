// What the server's threads share of the history.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "lib/base/guarded.h"
#include "mesh/history/path_trails.h"
#include "mesh/history/recent_history.h"

namespace meshcheck::server {

// For readers; the oldest first.
struct VerdictTrails {
  static constexpr std::size_t kEndedMax = 256;

  std::vector<history::Trail> followed;  // As far as they are.
  std::deque<history::Trail> ended;
  std::size_t paths = 0;  // Of which the last minutes are held.
  std::uint64_t left_out = 0;
};

struct HistoryTables {
  explicit HistoryTables(std::size_t series_max) : recent(series_max) {}

  Guarded<history::RecentHistory> recent;
  Guarded<VerdictTrails> trails;
  std::atomic<std::uint64_t> bytes = 0;  // Of points in the database.
};

}  // namespace meshcheck::server
