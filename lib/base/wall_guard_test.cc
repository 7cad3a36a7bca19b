#include "lib/base/wall_guard.h"

#include <gtest/gtest.h>

namespace meshcheck {
namespace {

using namespace std::chrono_literals;

class WallGuardTest : public testing::Test {
 protected:
  void pass(std::chrono::seconds time, std::chrono::seconds set = 0s) {
    now_.steady += time;
    now_.wall += time + set;
  }

  Now now_{.wall = WallTime(1000h), .steady = Clock::time_point(5h)};
  WallGuard guard_;
};

TEST_F(WallGuardTest, BelievesAClockThatRanForAnHour) {
  EXPECT_FALSE(guard_.proven(now_));
  pass(59min, 30s);
  EXPECT_FALSE(guard_.proven(now_));
  pass(1min);
  EXPECT_EQ(guard_.proven(now_), now_.wall);
}

TEST_F(WallGuardTest, WaitsAgainForAClockThatWasSet) {
  guard_.proven(now_);
  pass(2h);
  EXPECT_TRUE(guard_.proven(now_));
  pass(1s, 40 * 24h);
  EXPECT_FALSE(guard_.proven(now_));
  pass(1s, -40 * 24h);
  EXPECT_FALSE(guard_.proven(now_));
  pass(1h);
  EXPECT_TRUE(guard_.proven(now_));
}

}  // namespace
}  // namespace meshcheck
