#include "mesh/table/run_watch.h"

#include <gtest/gtest.h>

#include "mesh/table/table_testing.h"

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;

class RunWatchTest : public ::testing::Test {
 protected:
  bool judges(Clock::duration interval = 5s) const { return watch_.judges(now_, interval); }
  // The loop turns each half second.
  void run(Clock::duration time) {
    for (const auto end = now_ + time; now_ < end;) {
      now_ += 500ms;
      EXPECT_FALSE(watch_.turned(now_));
    }
  }

  Clock::time_point now_{100h};
  RunWatch watch_;
};

TEST_F(RunWatchTest, JudgesWhileTheLoopTurns) {
  EXPECT_TRUE(judges()) << "nobody says that it turns";
  run(1min);
  EXPECT_TRUE(judges());
  now_ += 1s;
  EXPECT_TRUE(judges()) << "it is hardly late";
}

TEST_F(RunWatchTest, WaitsForAnIntervalAfterAGap) {
  run(10s);
  now_ += 20s;
  EXPECT_FALSE(judges()) << "before the loop knows of it";
  EXPECT_EQ(watch_.turned(now_), 20s);
  EXPECT_FALSE(judges());
  run(5s);
  EXPECT_FALSE(judges());
  EXPECT_TRUE(judges(4s)) << "who reports more often has had the time";
  run(500ms);
  EXPECT_TRUE(judges());
}

TEST_F(RunWatchTest, WaitsAnewAfterEachGap) {
  run(10s);
  for (int turn = 0; turn < 3; ++turn) {
    now_ += 2s;
    EXPECT_EQ(watch_.turned(now_), 2s);
    run(4s);
    EXPECT_FALSE(judges());
  }
}

// Reports come as long as the server reads them.
TEST(MeshTableTest, CallsNobodySilentThatItDidNotListenTo) {
  testing::TestClock clock;
  MeshTable table({});
  const auto report = [&] {
    table.report({.name = "a", .node = "n", .report_interval = 1s}, testing::report_of(0),
                 clock.now);
  };
  const auto is_outdated = [&] { return table.is_outdated(*table.find("a"), clock.now); };
  table.turned(clock.now.steady);
  report();
  clock.pass(20s);
  EXPECT_FALSE(is_outdated());
  EXPECT_EQ(table.turned(clock.now.steady), 20s);
  clock.pass(900ms);
  table.turned(clock.now.steady);
  EXPECT_FALSE(is_outdated());
  clock.pass(200ms);
  EXPECT_TRUE(is_outdated()) << "it could have reported by now";
  report();
  EXPECT_FALSE(is_outdated());
}

}  // namespace
}  // namespace meshcheck::mesh
