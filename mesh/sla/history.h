// One probe's data over a range, by days, and the summaries of its steps.
#pragma once

#include <map>
#include <vector>

#include "mesh/sla/day.h"
#include "mesh/sla/range.h"
#include "mesh/sla/summary.h"

namespace meshcheck::sla {

// The part of a day that a question needs: whole days need no rollups, and without them it is
// small.
struct KnownDay {
  Timers sum;
  std::vector<Timers> rollups;  // All of the day's, or none.
};
using History = std::map<DayNumber, KnownDay>;

// Whether the rollups of `day` are needed to summarize `range`: a step ends in it, or a downtime
// touches it.
bool wants_rollups(DayNumber day, const Range& range, const MutedTime& muted);

// Returns a summary for each step. Rollups without a downtime are summed first; the others are
// muted one by one, so that a downtime mutes no outage of another hour.
std::vector<Summary> summarize(const History& history, const Range& range, const MutedTime& muted);

}  // namespace meshcheck::sla
