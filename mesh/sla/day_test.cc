#include "mesh/sla/day.h"

#include <gtest/gtest.h>

#include <random>

namespace meshcheck::sla {
namespace {

using namespace std::chrono_literals;

TEST(DayTest, BeginsAtMidnightUtc) {
  const Seconds noon{1'795'262'400s};
  EXPECT_EQ(start_of(day_of(noon)), noon - 12h);
  EXPECT_EQ(day_of(noon + 12h), day_of(noon) + 1);
  EXPECT_EQ(day_of(Seconds(-1s)), -1);
  Day day;
  day.at(noon) = {300s, 0s, 0s};
  EXPECT_EQ(day.rollups.at(144), (Timers{300s, 0s, 0s}));
  EXPECT_EQ(day.sum(), (Timers{300s, 0s, 0s}));
}

TEST(DayTest, ComesBackFromItsBytes) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Day day;
    for (Timers& rollup : day.rollups) {
      if (random() % 3 == 0) continue;
      const Milliseconds up(random() % 300'001);
      const Milliseconds down((300'000 - up.count()) / static_cast<int>(1 + random() % 3));
      rollup = {up, down, 300s - up - down};
    }
    const auto bytes = encode(day);
    EXPECT_LT(bytes.size(), 3200U);
    const auto back = decode_day(bytes);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(*back, day);
  }
}

TEST(DayTest, IsSmallWhenNothingChanges) {
  Day day;
  day.rollups.fill({300s, 0s, 0s});
  EXPECT_EQ(encode(day).size(), 7U);
}

TEST(DayTest, RefusesWhatIsDamaged) {
  Day day;
  day.at(Seconds(600s)) = {300s, 0s, 0s};
  const auto bytes = encode(day);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_day(std::span(bytes).first(size))) << size;
  }
  auto longer = bytes;
  longer.insert(longer.end(), {1, 0, 0, 0});
  EXPECT_FALSE(decode_day(longer)) << "289 rollups";
  EXPECT_FALSE(decode_day(std::vector<std::uint8_t>{0, 0, 0, 0})) << "a run of none";
  EXPECT_FALSE(decode_day(std::vector<std::uint8_t>{1, 0xff, 0xff, 0xff, 0xff, 0xff}));
  EXPECT_FALSE(decode_day(std::vector<std::uint8_t>{1, 0xff, 0xff, 0x7f, 0, 0})) << "too long";
}

}  // namespace
}  // namespace meshcheck::sla
