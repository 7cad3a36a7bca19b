// What is known of one probe over a range, by days, and what its steps amount to.
#pragma once

#include <map>
#include <vector>

#include "mesh/sla/day.h"
#include "mesh/sla/range.h"
#include "mesh/sla/summary.h"

namespace meshcheck::sla {

// A day as much as a question needs of it: whole days need no rollups, and without them it is
// small.
struct KnownDay {
  Timers sum;
  std::vector<Timers> rollups;  // All of the day's, or none.
};
using History = std::map<DayNumber, KnownDay>;

// Whether the rollups of `day` are needed to summarize `range`: a step ends in it, or a downtime
// touches it.
bool wants_rollups(DayNumber day, const Range& range, const MutedTime& muted);

// One for each step. What no downtime touches is summed first; rollups that one touches are muted
// one by one, so that a downtime takes no outage of another hour.
std::vector<Summary> summarize(const History& history, const Range& range, const MutedTime& muted);

}  // namespace meshcheck::sla
