#include "checks/run_schedule.h"

#include <gtest/gtest.h>

#include <set>

namespace meshcheck::checks {
namespace {

using namespace std::chrono_literals;
using sla::Status;

class RunScheduleTest : public testing::Test {
 protected:
  using Due = std::vector<std::size_t>;
  static RunSchedule one(RunSchedule::Timing timing) {
    RunSchedule schedule({timing}, 1, Clock::time_point());
    schedule.enable(0, true, Clock::time_point());
    return schedule;
  }
  // Runs the check until its next turn; when that was.
  Clock::time_point begin(RunSchedule& schedule) {
    now_ = *schedule.wake_at();
    EXPECT_EQ(schedule.take_due(now_), Due{0});
    return now_;
  }

  Clock::time_point now_;
};

TEST_F(RunScheduleTest, SpreadsFirstTurnsOverThePeriod) {
  const std::vector<RunSchedule::Timing> timings(100, {.period = 10s, .timeout = 1s});
  RunSchedule schedule(timings, 7, now_);
  for (std::size_t i = 0; i < timings.size(); ++i) schedule.enable(i, true, now_);
  std::set<std::size_t> seen;
  std::size_t most = 0;
  for (auto time = now_; time < now_ + 10s; time += 1s) {
    const auto due = schedule.take_due(time + 999ms);
    most = std::max(most, due.size());
    seen.insert(due.begin(), due.end());
  }
  EXPECT_EQ(seen.size(), 100U);
  EXPECT_LT(most, 30U);
}

TEST_F(RunScheduleTest, KeepsItsGridAndCatchesNothingUp) {
  RunSchedule schedule = one({.period = 10s, .timeout = 1s});
  const auto first = begin(schedule);
  schedule.end(0, Status::kUp, now_);
  EXPECT_EQ(schedule.wake_at(), first + 10s);
  EXPECT_EQ(schedule.take_due(first + 35s), Due{0});
  schedule.end(0, Status::kUp, first + 35s);
  EXPECT_EQ(schedule.wake_at(), first + 40s);
}

TEST_F(RunScheduleTest, SkipsAndCountsATurnWhileTheRunGoesOn) {
  RunSchedule schedule = one({.period = 1s, .timeout = 3500ms});
  const auto first = begin(schedule);
  for (const auto later : {1s, 2s, 3s}) EXPECT_EQ(schedule.take_due(first + later), Due{});
  EXPECT_EQ(schedule.counters().skipped, 3U);
  EXPECT_EQ(schedule.wake_at(), first + 3500ms);
  EXPECT_EQ(schedule.overdue(first + 3499ms), Due{});
  EXPECT_EQ(schedule.overdue(first + 3500ms), Due{0});
  EXPECT_EQ(schedule.end(0, Status::kDown, first + 3500ms), Status::kDown);
  EXPECT_EQ(schedule.take_due(first + 4s), Due{0});
}

TEST_F(RunScheduleTest, HoldsAFailureBackForItsGrace) {
  RunSchedule schedule = one({.period = 10s, .timeout = 1s, .grace = 25s});
  const auto result = [&](Status found) {
    begin(schedule);
    return schedule.end(0, found, now_);
  };
  for (const Status expected :
       {Status::kUnknown, Status::kUnknown, Status::kUnknown, Status::kDown}) {
    EXPECT_EQ(result(Status::kDown), expected);
  }
  EXPECT_EQ(result(Status::kUnknown), Status::kUnknown);
  EXPECT_EQ(result(Status::kDown), Status::kDown) << "who cannot tell does not say that it is back";
  EXPECT_EQ(result(Status::kUp), Status::kUp);
  EXPECT_EQ(result(Status::kDown), Status::kUnknown);
}

TEST_F(RunScheduleTest, DoesNotBelieveAFailureWhileTheProgramWasHeldUp) {
  RunSchedule schedule = one({.period = 10s, .timeout = 5s});
  auto time = begin(schedule);
  schedule.beat(time);
  EXPECT_EQ(schedule.end(0, Status::kDown, time + 1251ms), Status::kUnknown) << "the beat is late";
  schedule.beat(time + 1251ms);
  time = begin(schedule);
  schedule.beat(time);  // Late again, but from before the run.
  for (auto passed = 250ms; passed <= 3s; passed += 250ms) schedule.beat(time + passed);
  EXPECT_EQ(schedule.end(0, Status::kDown, time + 3s), Status::kUnknown)
      << "the turn that began it was late itself";
  time += 3s;
  for (; time < *schedule.wake_at(); time += 250ms) schedule.beat(time);
  time = begin(schedule);
  schedule.beat(time);
  schedule.beat(time + 1300ms);
  schedule.beat(time + 1500ms);
  EXPECT_EQ(schedule.end(0, Status::kDown, time + 1600ms), Status::kUnknown);
  EXPECT_EQ(schedule.counters().lagged, 3U);
}

TEST_F(RunScheduleTest, HasNoTurnsOfWhatIsDisabled) {
  RunSchedule schedule = one({.period = 1s, .timeout = 1s});
  begin(schedule);
  schedule.enable(0, false, now_);
  EXPECT_EQ(schedule.wake_at(), std::nullopt);
  EXPECT_EQ(schedule.take_due(now_ + 1h), Due{});
  EXPECT_EQ(schedule.overdue(now_ + 1h), Due{});
  schedule.enable(0, true, now_ + 1h);
  EXPECT_EQ(schedule.take_due(now_ + 1h + 1s), Due{0});
}

}  // namespace
}  // namespace meshcheck::checks
