#include "agent/reporting/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace meshcheck::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Action = Schedule::Action;

// Any start will do; times are shown relative to it.
constexpr Clock::time_point kStart{seconds(1'000'000)};

Schedule schedule_of(Clock::duration interval) {
  return Schedule(Schedule::Options::for_interval(interval, 7), kStart);
}

TEST(ScheduleTest, BeginsAtOnce) {
  Schedule schedule = schedule_of(seconds(60));
  EXPECT_GE(schedule.wake_at(), kStart);
  EXPECT_LE(schedule.wake_at(), kStart + milliseconds(500));
  EXPECT_EQ(schedule.take(schedule.wake_at()), Action::kRound);
  EXPECT_EQ(schedule.take(schedule.wake_at() - seconds(1)), Action::kNone);
}

TEST(ScheduleTest, DoesNotDriftHoweverLongARoundTakes) {
  Schedule schedule = schedule_of(seconds(1));
  for (int n = 0; n < 100'000; ++n) {
    const auto due = kStart + n * seconds(1);
    ASSERT_GE(schedule.wake_at(), due);
    ASSERT_LE(schedule.wake_at(), due + milliseconds(50));
    // Noticed up to 0.7 s late.
    ASSERT_EQ(schedule.take(schedule.wake_at() + milliseconds(n % 700)), Action::kRound);
    schedule.report_accepted();
  }
  EXPECT_EQ(schedule.rounds_skipped(), 0U);
}

TEST(ScheduleTest, SkipsMissedRoundsAfterAStall) {
  Schedule schedule = schedule_of(seconds(10));
  EXPECT_EQ(schedule.take(schedule.wake_at()), Action::kRound);
  const auto late = kStart + seconds(57);
  EXPECT_EQ(schedule.take(late), Action::kRound);
  EXPECT_EQ(schedule.take(late), Action::kNone);
  EXPECT_GE(schedule.wake_at(), kStart + seconds(60));
  EXPECT_EQ(schedule.rounds_skipped(), 4U);  // Those of 10, 20, 30 and 40 s.
}

TEST(ScheduleTest, RetriesWithGrowingDelays) {
  Schedule schedule = schedule_of(seconds(600));
  auto now = schedule.wake_at();
  EXPECT_EQ(schedule.take(now), Action::kRound);
  Clock::duration expected = seconds(1);
  for (int attempt = 0; attempt < 8; ++attempt) {
    schedule.report_failed(now);
    ASSERT_TRUE(schedule.retry_at());
    const auto delay = *schedule.retry_at() - now;
    EXPECT_LE(delay, expected);
    EXPECT_GE(delay, expected / 2);
    now = schedule.wake_at();
    EXPECT_EQ(schedule.take(now), Action::kRetry);
    expected = std::min<Clock::duration>(expected * 2, seconds(30));
  }
}

TEST(ScheduleTest, NeverRetriesPastTheNextRound) {
  for (std::uint32_t seed = 1; seed < 200; ++seed) {
    Schedule schedule(Schedule::Options::for_interval(seconds(1), seed), kStart);
    auto now = schedule.wake_at();
    EXPECT_EQ(schedule.take(now), Action::kRound);
    const auto next = schedule.round_at();
    while (true) {
      schedule.report_failed(now);
      if (!schedule.retry_at()) break;
      now = schedule.wake_at();
      ASSERT_LT(now, next);
      ASSERT_EQ(schedule.take(now), Action::kRetry);
    }
    EXPECT_EQ(schedule.wake_at(), next);
    EXPECT_EQ(schedule.take(next), Action::kRound);
  }
}

TEST(ScheduleTest, BeginsTheBackoffAnewWithEachRound) {
  Schedule schedule = schedule_of(seconds(60));
  auto now = schedule.wake_at();
  EXPECT_EQ(schedule.take(now), Action::kRound);
  for (int i = 0; i < 4; ++i) schedule.report_failed(now);
  now = schedule.round_at();
  EXPECT_EQ(schedule.take(now), Action::kRound);
  schedule.report_failed(now);
  EXPECT_LE(*schedule.retry_at(), now + seconds(1));
}

TEST(ScheduleTest, DoesNotRetryWhatWasAccepted) {
  Schedule schedule = schedule_of(seconds(60));
  EXPECT_EQ(schedule.take(schedule.wake_at()), Action::kRound);
  schedule.report_failed(kStart + seconds(1));
  schedule.report_accepted();
  EXPECT_FALSE(schedule.retry_at());
}

TEST(ScheduleTest, SpreadsAgentsByTheirSeeds) {
  std::vector<Clock::time_point> starts;
  for (std::uint32_t seed = 1; seed <= 50; ++seed) {
    starts.push_back(
        Schedule(Schedule::Options::for_interval(seconds(60), seed * 7919), kStart).wake_at());
  }
  std::sort(starts.begin(), starts.end());
  EXPECT_GT(starts.back() - starts.front(), milliseconds(200));
}

TEST(ScheduleTest, HurriesForNewsButNotMoreThanOnceASecond) {
  Schedule schedule = schedule_of(seconds(60));
  const auto first = schedule.wake_at();
  EXPECT_EQ(schedule.take(first), Action::kRound);
  schedule.report_accepted();
  schedule.hurry(first + milliseconds(200));
  schedule.hurry(first + milliseconds(300));
  EXPECT_EQ(schedule.wake_at(), first + Schedule::kHurryGap);
  EXPECT_EQ(schedule.take(first + milliseconds(999)), Action::kNone);
  EXPECT_EQ(schedule.take(first + milliseconds(1000)), Action::kRound);
  EXPECT_EQ(schedule.take(first + milliseconds(1001)), Action::kNone);
  schedule.report_accepted();
  schedule.hurry(first + seconds(10));
  EXPECT_EQ(schedule.take(first + seconds(10)), Action::kRound);
  // The rhythm stays as it was.
  EXPECT_GE(schedule.wake_at(), kStart + seconds(60));
  EXPECT_LE(schedule.wake_at(), kStart + seconds(60) + milliseconds(500));
  EXPECT_EQ(schedule.rounds_skipped(), 0U);
}

}  // namespace
}  // namespace meshcheck::agent
