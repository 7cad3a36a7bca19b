#include "mesh/sla/range.h"

#include <gtest/gtest.h>

#include <vector>

namespace meshcheck::sla {
namespace {

Seconds at(std::int64_t seconds) {
  return Seconds(std::chrono::seconds(seconds));
}

std::vector<std::int64_t> aligned(std::int64_t from, std::int64_t to, std::int64_t step) {
  const Range range = align(at(from), at(to), std::chrono::seconds(step));
  return {range.from.time_since_epoch().count(), range.to.time_since_epoch().count(),
          range.step.count(), static_cast<std::int64_t>(range.steps)};
}

using Numbers = std::vector<std::int64_t>;

TEST(RangeTest, AlignsAsUpmeterDoes) {
  EXPECT_EQ(aligned(0, 3600, 300), (Numbers{0, 3600, 300, 12}));
  for (const std::int64_t step : {300, 310, 10}) {
    EXPECT_EQ(aligned(1000, 5000, step), (Numbers{1200, 5100, 300, 13})) << step;
  }
  EXPECT_EQ(aligned(1'603'180'800, 1'603'785'600, 86'400),
            (Numbers{1'603'238'400, 1'603'843'200, 86'400, 7}));
}

TEST(RangeTest, IsTheStepThatItEndsInWhenItIsShorterThanAStep) {
  const Range range = align(at(1000), at(1100), std::chrono::seconds(3600));
  EXPECT_EQ(range.from, at(0));
  EXPECT_EQ(range.to, at(3600));
  ASSERT_EQ(range.steps, 1U);
  EXPECT_EQ(range.start_of(0), at(0));
  EXPECT_EQ(range.end_of(0), at(3600));
}

TEST(RangeTest, HasStepsThatTouch) {
  const Range range = align(at(0), at(3600), std::chrono::seconds(900));
  ASSERT_EQ(range.steps, 4U);
  for (std::size_t step = 1; step < range.steps; ++step) {
    EXPECT_EQ(range.start_of(step), range.end_of(step - 1));
  }
  EXPECT_EQ(range.end_of(3), at(3600));
}

}  // namespace
}  // namespace meshcheck::sla
