#include "mesh/sla/history.h"

#include <algorithm>
#include <cassert>
#include <span>

namespace meshcheck::sla {
namespace {

Summary empty_stretch(Seconds from, Seconds to, const MutedTime& muted) {
  return summarize({}, to - from, muted.overlap(from, to));
}

// Of a part of a day whose rollups are known.
Summary of_rollups(std::span<const Timers> rollups, Seconds from, Seconds to,
                   const MutedTime& muted) {
  assert(rollups.size() == Day::kRollups);
  const auto first = static_cast<std::size_t>((from - start_of(day_of(from))) / kRollupLength);
  const auto count = static_cast<std::size_t>((to - from) / kRollupLength);
  const bool touched = muted.touches(from, to);
  Timers untouched;
  Summary all;
  Seconds start = from;
  for (std::size_t i = first; i < first + count; ++i, start += kRollupLength) {
    if (touched) {
      const Milliseconds overlap = muted.overlap(start, start + kRollupLength);
      all += summarize(rollups[i], kRollupLength, overlap);
    } else {
      untouched += rollups[i];
    }
  }
  return touched ? all : summarize(untouched, to - from, Milliseconds(0));
}

Summary of_day(const KnownDay& day, Seconds from, Seconds to, const MutedTime& muted) {
  if (!day.rollups.empty()) return of_rollups(day.rollups, from, to, muted);
  assert(to - from == kDayLength && "a part of a day needs its rollups");
  return summarize(day.sum, kDayLength, Milliseconds(0));
}

}  // namespace

bool wants_rollups(DayNumber day, const Range& range, const MutedTime& muted) {
  const Seconds start = start_of(day);
  return range.step % kDayLength != std::chrono::seconds(0) ||
         muted.touches(start, start + kDayLength);
}

std::vector<Summary> summarize(const History& history, const Range& range, const MutedTime& muted) {
  std::vector<Summary> steps;
  steps.reserve(range.steps);
  for (std::size_t i = 0; i < range.steps; ++i) {
    Summary step;
    Seconds done = range.start_of(i);
    const Seconds end = range.end_of(i);
    for (auto day = history.lower_bound(day_of(done)); day != history.end(); ++day) {
      const Seconds from = std::max(done, start_of(day->first));
      const Seconds to = std::min(end, start_of(day->first) + kDayLength);
      if (from >= end) break;
      if (done < from) step += empty_stretch(done, from, muted);
      step += of_day(day->second, from, to, muted);
      done = to;
    }
    if (done < end) step += empty_stretch(done, end, muted);
    steps.push_back(step);
  }
  return steps;
}

}  // namespace meshcheck::sla
