#include "mesh/history/point.h"

#include <gtest/gtest.h>

#include <vector>

namespace meshcheck::history {
namespace {

Point point(std::uint16_t up, std::uint16_t down, std::uint16_t rtt = 100) {
  Point made;
  made[Column::kUp] = up;
  made[Column::kDegraded] = 0;
  made[Column::kDown] = down;
  made[Column::kUnknown] = 0;
  made[Column::kRttP50] = rtt;
  made[Column::kRttP99] = rtt;
  return made;
}

TEST(PointTest, KeepsRoundTripsToThreeInAHundred) {
  for (const std::uint32_t us : {1U, 50U, 333U, 65'536U, 4'000'000'000U}) {
    const double back = rtt_of_level(rtt_level(us)).count();
    EXPECT_NEAR(back / us, 1, 0.015) << us;
  }
  EXPECT_EQ(rtt_level(0), 0);
  EXPECT_LT(rtt_level(0xffffffff), Point::kLargest);
}

TEST(PointTest, KnowsNoLossWhereNothingWasSent) {
  EXPECT_EQ(loss_value(0, 0), Point::kNone);
  EXPECT_EQ(loss_of_value(loss_value(60, 60)), 1);
  EXPECT_GT(loss_of_value(loss_value(1, 100'000)), 0);
  EXPECT_EQ(loss_value(0, 100'000), 0);
  EXPECT_NEAR(loss_of_value(loss_value(1, 60)), 1.0 / 60, 1e-4);
}

TEST(PointTest, MergedHasTheCountsOfTheWorst) {
  const std::vector points = {point(10, 0), point(6, 4), point(8, 2)};
  const Point made = merged(points);
  EXPECT_EQ(made[Column::kUp], 6);
  EXPECT_EQ(made[Column::kDown], 4);
}

TEST(PointTest, MergedHasMeansAndLargestOfWhatIsMeasured) {
  std::vector points = {point(1, 0, 10), Point(), point(1, 0, 30), point(1, 0, 20)};
  points[0][Column::kLoss] = points[0][Column::kLossMax] = 100;
  points[2][Column::kLoss] = points[2][Column::kLossMax] = 200;
  points[0][Column::kMtu] = 1500;
  points[3][Column::kMtu] = 1400;
  const Point made = merged(points);
  EXPECT_EQ(made[Column::kLoss], 150);
  EXPECT_EQ(made[Column::kLossMax], 200);
  EXPECT_EQ(made[Column::kLossForward], Point::kNone);
  EXPECT_EQ(made[Column::kRttP50], 20);
  EXPECT_EQ(made[Column::kRttP99], 30);
  EXPECT_EQ(made[Column::kMtu], 1400);
}

TEST(PointTest, NothingMergedIsNotMeasured) {
  EXPECT_FALSE(merged({}).is_measured());
  EXPECT_EQ(merged(std::vector<Point>(3)), Point());
}

}  // namespace
}  // namespace meshcheck::history
