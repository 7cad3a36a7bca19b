// Changes of the SLA's table that are not in the database yet.
#pragma once

#include <cstdint>
#include <vector>

#include "mesh/sla/day.h"

namespace meshcheck::sla {

// How long a probe was down since it was first known, restarts included: the value of its metric.
struct SlaDownCount {
  ProbeRef ref;
  Milliseconds down{0};
  std::uint32_t settled = 0;  // The first half minute since 1970 that is not in it.
};

struct SlaChanges {
  std::vector<Episode> episodes;
  std::uint64_t last = 0;  // All changes up to this one are among them.
  std::vector<SlaDownCount> down_counts;
  bool empty() const { return episodes.empty() && down_counts.empty(); }
};

struct SlaDayChange {
  ProbeRef ref;
  DayNumber number = 0;
  Day day;
};

struct SlaDayChanges {
  std::vector<SlaDayChange> days;
  std::uint64_t last = 0;  // As in SlaChanges.
};

}  // namespace meshcheck::sla
