#include "probe/pacer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace meshcheck::probe {
namespace {

using namespace std::chrono_literals;

constexpr Clock::time_point kBegin{1000s};

// Asks as the pacer wants to be asked, each time `late` later.
struct Outcome {
  std::size_t items = 0;
  std::size_t wake_ups = 0;
  std::size_t most = 0;  // At once.
};
Outcome run_for(Pacer& pacer, Clock::time_point& now, Clock::duration length,
                Clock::duration late = 0ms) {
  Outcome outcome;
  const auto end = now + length;
  while (now < end) {
    now += *pacer.wait() + late;
    const std::size_t due = pacer.due(now);
    outcome.items += due;
    outcome.most = std::max(outcome.most, due);
    ++outcome.wake_ups;
  }
  return outcome;
}

TEST(PacerTest, WakesUpForEachOfAFew) {
  Pacer pacer(1s, kBegin);
  pacer.set(3, 1s, kBegin);
  auto now = kBegin;
  const Outcome ten_seconds = run_for(pacer, now, 10s);
  EXPECT_EQ(ten_seconds.items, 30U);
  EXPECT_EQ(ten_seconds.wake_ups, 30U);
  EXPECT_EQ(ten_seconds.most, 1U);
}

TEST(PacerTest, WakesUpOnceATickForMany) {
  Pacer pacer(1s, kBegin);
  pacer.set(1024, 1s, kBegin);
  auto now = kBegin;
  const Outcome ten_seconds = run_for(pacer, now, 10s);
  EXPECT_EQ(ten_seconds.items, 10240U);
  EXPECT_EQ(ten_seconds.wake_ups, 1000U);
  EXPECT_LE(ten_seconds.most, 11U);
}

TEST(PacerTest, KeepsItsRateWhenItIsAskedLate) {
  Pacer pacer(1s, kBegin);
  pacer.set(700, 1s, kBegin);
  auto now = kBegin;
  const Outcome ten_seconds = run_for(pacer, now, 10s, 3ms);
  EXPECT_GE(ten_seconds.items, 7000U);
  EXPECT_LE(ten_seconds.items, 7010U);
}

TEST(PacerTest, SkipsWhatItMissedInAStall) {
  Pacer pacer(1s, kBegin);
  pacer.set(1000, 1s, kBegin);
  EXPECT_EQ(pacer.due(kBegin + 10ms), 10U);
  EXPECT_EQ(pacer.due(kBegin + 700ms), 20U);
  EXPECT_EQ(pacer.due(kBegin + 710ms), 10U);
  EXPECT_EQ(pacer.due(kBegin + 1h), 20U);
}

TEST(PacerTest, SkipsAStallOfAFewToo) {
  Pacer pacer(1s, kBegin);
  pacer.set(2, 1s, kBegin);
  EXPECT_EQ(pacer.due(kBegin + 60s), 2U);
  EXPECT_EQ(pacer.due(kBegin + 60s), 0U);
}

TEST(PacerTest, HasNothingToWaitForWithoutItems) {
  Pacer pacer(1s, kBegin);
  EXPECT_EQ(pacer.wait(), std::nullopt);
  EXPECT_EQ(pacer.due(kBegin + 10s), 0U);
  pacer.set(1, 1s, kBegin + 10s);
  EXPECT_EQ(pacer.wait(), 1s);
  EXPECT_EQ(pacer.due(kBegin + 10s), 0U);
  EXPECT_EQ(pacer.due(kBegin + 11s), 1U);
}

TEST(PacerTest, StaysSteadyWhileItemsComeAndGo) {
  Pacer pacer(1s, kBegin);
  auto now = kBegin;
  std::size_t items = 0;
  for (int i = 0; i < 1000; ++i) {
    pacer.set(i % 2 == 0 ? 10 : 20, 1s, now);
    now += 10ms;
    const std::size_t due = pacer.due(now);
    EXPECT_LE(due, 1U);
    items += due;
  }
  EXPECT_NEAR(static_cast<double>(items), 150, 1);
}

TEST(PacerTest, FollowsAnotherInterval) {
  Pacer pacer(60s, kBegin);
  pacer.set(10, 60s, kBegin);
  auto now = kBegin + 5s;
  pacer.set(10, 100ms, now);
  const Outcome second = run_for(pacer, now, 1s);
  EXPECT_GE(second.items, 100U);
  EXPECT_LE(second.items, 102U);
}

TEST(PacerTest, SurvivesAClockThatStandsStill) {
  Pacer pacer(1s, kBegin);
  pacer.set(1000, 1s, kBegin);
  EXPECT_EQ(pacer.due(kBegin), 0U);
  EXPECT_EQ(pacer.due(kBegin - 1s), 0U);
  EXPECT_EQ(pacer.due(kBegin - 1s + 10ms), 10U);
}

}  // namespace
}  // namespace meshcheck::probe
