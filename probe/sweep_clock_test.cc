#include "probe/sweep_clock.h"

#include <gtest/gtest.h>

namespace meshcheck::probe {
namespace {

using namespace std::chrono_literals;

TEST(SweepClockTest, IsLateByMoreThanHalfOfTheTimeoutAndNeverByLittle) {
  Clock::time_point now{1h};
  SweepClock sweeps;
  EXPECT_FALSE(sweeps.is_late(now, 1s));  // The first one.
  const auto after = [&](Clock::duration passed, Clock::duration timeout) {
    now += passed;
    return sweeps.is_late(now, timeout);
  };
  EXPECT_FALSE(after(200ms, 1s));
  EXPECT_FALSE(after(700ms, 1s));
  EXPECT_TRUE(after(701ms, 1s));
  EXPECT_FALSE(after(450ms, 10ms));
  EXPECT_TRUE(after(451ms, 10ms));
  // Each is measured from the one before.
  EXPECT_FALSE(after(200ms, 10ms));
}

}  // namespace
}  // namespace meshcheck::probe
