// The timers of RFC 8899 section 5.1.1.
#include <gtest/gtest.h>

#include "mesh/pmtu/pmtu_search.h"
#include "mesh/pmtu/pmtu_walk_testing.h"

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;
using testing::Walk;
using State = PmtuSearch::State;
using Probe = PmtuSearch::Probe;

TEST(PmtuSearchTimersTest, TheProbeTimerIsASecondAndNotLess) {
  Walk walk(1500, 100);
  walk.up();
  Probe last = walk.next();
  for (std::size_t i = 1; i < 8; ++i) last = walk.next();
  const Clock::time_point sent = walk.now_;
  EXPECT_EQ(walk.search_.next(sent + 990ms), std::nullopt);
  EXPECT_EQ(walk.search_.state(), State::kBase);
  walk.search_.tick(sent + 1s);
  EXPECT_EQ(walk.search_.state(), State::kError);
}

TEST(PmtuSearchTimersTest, TheConfirmationTimerProbesTheFoundSizeEveryFiveSeconds) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.sent_.clear();
  walk.run(51s);
  EXPECT_EQ(walk.sent_.size(), 10U);
  for (const Probe& probe : walk.sent_) EXPECT_EQ(probe.size, 1500);
}

TEST(PmtuSearchTimersTest, TheRaiseTimerProbesOneByteMoreEveryEightSeconds) {
  Walk walk(1500, 1400);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.sent_.clear();
  walk.run(82s);
  std::size_t raises = 0;
  for (const Probe& probe : walk.sent_) raises += probe.size == 1401 ? 1U : 0U;
  EXPECT_EQ(raises, 10U);
}

TEST(PmtuSearchTimersTest, TheRaiseTimerIsSilentWhereTheLinkIsTheLimit) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.sent_.clear();
  walk.run(31s);
  EXPECT_EQ(walk.sent_.size(), 6U);  // Confirmations.
}

TEST(PmtuSearchTimersTest, JudgesNothingThatWasUnderWayWhileTheCallerDidNotRun) {
  Walk walk;
  walk.up();
  walk.next();
  walk.next();
  walk.now_ += 5min;
  walk.search_.tick(walk.now_);
  EXPECT_EQ(walk.search_.state(), State::kBase);
  walk.next();
  walk.search_.void_pending();
  walk.now_ += 5s;
  walk.search_.tick(walk.now_);
  EXPECT_EQ(walk.search_.state(), State::kBase);
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
}

}  // namespace
}  // namespace meshcheck::mesh
