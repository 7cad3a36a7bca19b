// What the server's threads share of the history.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lib/base/guarded.h"
#include "mesh/history/recent_history.h"

namespace meshcheck::server {

struct HistoryTables {
  explicit HistoryTables(std::size_t series_max) : recent(series_max) {}

  Guarded<history::RecentHistory> recent;
  std::atomic<std::uint64_t> bytes = 0;  // Of points in the database.
};

}  // namespace meshcheck::server
