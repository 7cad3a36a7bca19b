// The flags of the history.
#pragma once

#include <cstdint>

#include "lib/flags/flags.h"
#include "server/history/history_store.h"

namespace meshcheck::server {

struct HistoryConfig {
  std::int64_t days = 90;
  std::int64_t size_max_mib = 512;
  std::int64_t series_max = 10'000;

  void add_to(flags::Flags& flags) {
    flags.add(
        "history-days", days, {1, 3660},
        "days for which graphs are kept, in steps of 10 minutes; the last two in steps of one");
    flags.add("history-size-max", size_max_mib, {1, 65'536},
              "MiB of points in the database for graphs; the oldest go first");
    flags.add("history-series-max", series_max, {2, 200'000},
              "nodes and layers that have graphs; 8 KB of memory each");
  }

  HistoryBounds bounds() const {
    return {.age = std::chrono::days(days),
            .bytes = static_cast<std::uint64_t>(size_max_mib) << 20U};
  }
};

}  // namespace meshcheck::server
