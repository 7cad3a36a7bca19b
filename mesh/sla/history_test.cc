#include "mesh/sla/history.h"

#include <gtest/gtest.h>

namespace meshcheck::sla {
namespace {

using namespace std::chrono_literals;

const Seconds kMidnight{1'795'219'200s};
constexpr Milliseconds kNone{0};

Downtime downtime(Seconds start, Seconds end) {
  Downtime made;
  made.start = start;
  made.end = end;
  return made;
}

// Up but for five minutes at `down_at`.
KnownDay day_with_outage(Seconds down_at) {
  Day day;
  day.rollups.fill({300s, 0s, 0s});
  day.at(down_at) = {0s, 300s, 0s};
  return {.sum = day.sum(), .rollups = {day.rollups.begin(), day.rollups.end()}};
}

class HistoryTest : public testing::Test {
 protected:
  HistoryTest() { history_[day_of(kMidnight)] = day_with_outage(kMidnight + 12h); }

  std::vector<Summary> ask(Seconds from, Seconds to, std::chrono::seconds step) {
    const Downtime* const one = &downtime_;
    const MutedTime muted =
        downtime_.end > downtime_.start ? MutedTime(std::span(&one, 1)) : MutedTime();
    return summarize(history_, align(from, to, step), muted);
  }

  History history_;
  Downtime downtime_;
};

TEST_F(HistoryTest, SumsRollupsToSteps) {
  const auto steps = ask(kMidnight, kMidnight + 24h, 1h);
  ASSERT_EQ(steps.size(), 24U);
  EXPECT_EQ(steps[12].timers, (Timers{3300s, 300s, 0s}));
  EXPECT_EQ(steps[13].timers, (Timers{3600s, 0s, 0s}));
}

TEST_F(HistoryTest, NeedsNoRollupsForWholeDays) {
  history_.at(day_of(kMidnight)).rollups.clear();
  const auto steps = ask(kMidnight - 24h, kMidnight + 48h, 24h);
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0].nodata, 24h);
  EXPECT_EQ(steps[1].timers.down, 300s);
  EXPECT_EQ(steps[2].nodata, 24h);
  const auto one = ask(kMidnight, kMidnight + 30 * 24h, 30 * 24h);
  EXPECT_EQ(one.front().timers.up + one.front().timers.down + one.front().nodata, 30 * 24h);
}

TEST_F(HistoryTest, MutesWhatWasDownWithinTheDowntimeAlone) {
  downtime_ = downtime(kMidnight + 11h, kMidnight + 12h);
  EXPECT_EQ(ask(kMidnight, kMidnight + 24h, 24h).front().timers.down, 300s);
  downtime_ = downtime(kMidnight + 12h, kMidnight + 13h);
  const Summary muted = ask(kMidnight, kMidnight + 24h, 24h).front();
  EXPECT_EQ(muted.timers.down, kNone);
  EXPECT_EQ(muted.muted, 300s);
  EXPECT_EQ(muted.timers.up + muted.muted, 24h);
}

TEST_F(HistoryTest, MutesTimeWithoutData) {
  downtime_ = downtime(kMidnight - 2h, kMidnight - 1h);
  const Summary before = ask(kMidnight - 24h, kMidnight, 24h).front();
  EXPECT_EQ(before.muted, 1h);
  EXPECT_EQ(before.nodata, 23h);
}

TEST_F(HistoryTest, AsksForRollupsWhereTheyMatter) {
  const Range days = align(kMidnight, kMidnight + 24h, 24h);
  const Range hours = align(kMidnight, kMidnight + 24h, 1h);
  const Downtime at_noon = downtime(kMidnight + 12h, kMidnight + 13h);
  const Downtime* const one = &at_noon;
  const MutedTime muted(std::span(&one, 1));
  EXPECT_FALSE(wants_rollups(day_of(kMidnight), days, MutedTime()));
  EXPECT_TRUE(wants_rollups(day_of(kMidnight), hours, MutedTime()));
  EXPECT_TRUE(wants_rollups(day_of(kMidnight), days, muted));
  EXPECT_FALSE(wants_rollups(day_of(kMidnight) + 1, days, muted));
}

}  // namespace
}  // namespace meshcheck::sla
