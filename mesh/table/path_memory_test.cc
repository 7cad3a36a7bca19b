#include "mesh/table/path_memory.h"

#include <gtest/gtest.h>

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;

PathRow row_to(NameTable::Id to, std::uint32_t p50_us, std::uint16_t sent = 60) {
  PathRow row;
  row.to = to;
  row.state = PathState::kUp;
  row.p50_us = p50_us;
  row.p90_us = 2 * p50_us;
  row.sent = sent;
  return row;
}

class PathMemoryTest : public ::testing::Test {
 protected:
  const PathMemory& after(std::chrono::seconds time, const PathRow& row) {
    now_ += time;
    memory_.learn(row, now_);
    return memory_;
  }

  Clock::time_point now_{100h};
  PathMemory memory_;
};

TEST_F(PathMemoryTest, KnowsWhatIsUsualOnceAMinuteWasMeasured) {
  EXPECT_EQ(after(5s, row_to(1, 100, 20)).usual_p50_us(), 0U);
  EXPECT_EQ(after(5s, row_to(1, 100)).usual_p50_us(), 100U);
  EXPECT_EQ(memory_.usual_p90_us(), 200U);
}

TEST_F(PathMemoryTest, LearnsByTimeAndNotByReport) {
  after(5s, row_to(1, 1000));
  PathMemory often = memory_;
  for (int i = 0; i < 50; ++i) often.learn(row_to(1, 2000), now_ + 5s);
  EXPECT_EQ(after(5s, row_to(1, 2000)).usual_p50_us(), often.usual_p50_us());
  EXPECT_LT(memory_.usual_p50_us(), 1020U);
  EXPECT_GT(memory_.usual_p50_us(), 1010U);
}

TEST_F(PathMemoryTest, LearnsNothingFromTheMinuteAfterAnOutage) {
  after(5s, row_to(1, 100));
  PathRow down = row_to(1, PathRow::kNever);
  down.state = PathState::kDown;
  after(5s, down);
  EXPECT_TRUE(memory_.was_down_lately(now_));
  EXPECT_EQ(after(30s, row_to(1, 90'000)).usual_p50_us(), 100U);
  EXPECT_TRUE(memory_.was_down_lately(now_));
  after(31s, row_to(1, 100));
  EXPECT_FALSE(memory_.was_down_lately(now_));
}

TEST(RememberTest, FindsPathsWhereverTheyAre) {
  const Clock::time_point now(100h);
  const std::vector<PathRow> first = {row_to(1, 100), row_to(2, 200), row_to(3, 300)};
  const auto before = remember({}, {}, first, now);
  ASSERT_EQ(before.size(), 3U);
  const std::vector<PathRow> second = {row_to(3, 300, 0), row_to(1, 100, 0), row_to(4, 400, 0)};
  const auto after = remember(first, before, second, now + 5s);
  ASSERT_EQ(after.size(), 3U);
  EXPECT_EQ(after[0].usual_p50_us(), 300U);
  EXPECT_EQ(after[1].usual_p50_us(), 100U);
  EXPECT_EQ(after[2].usual_p50_us(), 0U);
}

TEST(RememberTest, TellsFamiliesAndKindsApart) {
  const Clock::time_point now(100h);
  PathRow other = row_to(1, 900);
  other.family = PathFamily::kIpv6;
  const std::vector<PathRow> rows = {row_to(1, 100), other};
  const auto memories = remember({}, {}, rows, now);
  const std::vector<PathRow> turned = {rows[1], rows[0]};
  EXPECT_EQ(remember(rows, memories, turned, now + 1s)[0].usual_p50_us(), 900U);
}

}  // namespace
}  // namespace meshcheck::mesh
