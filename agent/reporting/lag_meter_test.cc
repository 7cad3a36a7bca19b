#include "agent/reporting/lag_meter.h"

#include <gtest/gtest.h>

namespace meshcheck::agent {
namespace {

using std::chrono::milliseconds;

Clock::time_point at(int time_ms) {
  return Clock::time_point(milliseconds(time_ms));
}

TEST(LagMeterTest, CountsWhatExceedsThePeriod) {
  LagMeter meter(milliseconds(100));
  for (const int time : {1000, 1100, 1350, 1450}) meter.tick(at(time));
  const auto reading = meter.take();
  EXPECT_EQ(reading.max, milliseconds(150));
  EXPECT_EQ(reading.mean, milliseconds(50));
}

TEST(LagMeterTest, TakesATimersResolutionForNoLag) {
  LagMeter meter(milliseconds(100));
  meter.tick(at(0));
  meter.tick(at(100) + std::chrono::microseconds(999));
  meter.tick(at(200));
  EXPECT_EQ(meter.take().max.count(), 0);
}

TEST(LagMeterTest, BeginsAnewWithEachReading) {
  LagMeter meter(milliseconds(100));
  EXPECT_EQ(meter.take().mean.count(), 0);
  meter.tick(at(0));
  meter.tick(at(500));
  EXPECT_EQ(meter.take().max, milliseconds(400));
  EXPECT_EQ(meter.take().max.count(), 0);
  meter.tick(at(610));
  EXPECT_EQ(meter.take().max, milliseconds(10));
}

}  // namespace
}  // namespace meshcheck::agent
