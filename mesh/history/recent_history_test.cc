#include "mesh/history/recent_history.h"

#include <gtest/gtest.h>

namespace meshcheck::history {
namespace {

using namespace std::chrono_literals;

const Seconds kBegin{std::chrono::hours(500'000)};
const SeriesKey kNode{"node-1", mesh::Layer::kPod};

Point point(std::uint16_t down) {
  Point made;
  made[Column::kUp] = 10;
  made[Column::kDegraded] = made[Column::kUnknown] = 0;
  made[Column::kDown] = down;
  return made;
}

class RecentHistoryTest : public ::testing::Test {
 protected:
  void add(std::chrono::seconds at, std::uint16_t down, const SeriesKey& key = kNode) {
    history_.add(kBegin + at, {{key, point(down)}});
  }
  // `down` of each step; -1: not measured.
  std::vector<int> read(std::chrono::seconds from, std::chrono::seconds to) {
    std::vector<int> read;
    const auto points = history_.read(kNode, kBegin + from, kBegin + to);
    for (const Point& held : points) {
      read.push_back(held.is_measured() ? held[Column::kDown] : -1);
    }
    return read;
  }

  RecentHistory history_{3};
};

TEST_F(RecentHistoryTest, HasAPointOfEachStep) {
  add(0s, 1);
  add(11s, 2);
  add(40s, 3);
  EXPECT_EQ(read(0s, 60s), (std::vector{1, 2, -1, -1, 3, -1}));
  EXPECT_EQ(history_.read({"node-1", mesh::Layer::kHost}, kBegin, kBegin + 1min),
            std::vector<Point>(6));
}

TEST_F(RecentHistoryTest, DoesNotTellAnHourAgoForNow) {
  add(0s, 1);
  add(10s, 2);
  add(3590s, 3);
  EXPECT_EQ(read(0s, 20s), (std::vector{1, 2}));
  add(3610s, 4);
  EXPECT_EQ(read(0s, 30s), (std::vector{-1, -1, -1}));
  EXPECT_EQ(read(3580s, 3630s), (std::vector{-1, 3, -1, 4, -1}));
}

TEST_F(RecentHistoryTest, BeginsAnewAfterAClockThatWasSetBack) {
  add(3600s, 1);
  add(3590s, 2);
  EXPECT_EQ(read(3590s, 3610s), (std::vector{-1, 1})) << "a small correction is waited for";
  add(0s, 3);
  add(10s, 4);
  EXPECT_EQ(read(0s, 30s), (std::vector{3, 4, -1}));
  EXPECT_EQ(read(3600s, 3610s), std::vector{-1}) << "that time has not come";
}

TEST_F(RecentHistoryTest, MergesAMinute) {
  for (int i = 0; i < 12; ++i) add(i * 10s, static_cast<std::uint16_t>(i));
  EXPECT_EQ(history_.minute_before(kBegin + 1min).at(kNode)[Column::kDown], 5);
  EXPECT_EQ(history_.minute_before(kBegin + 2min).at(kNode)[Column::kDown], 11);
  EXPECT_TRUE(history_.minute_before(kBegin + 4min).empty());
}

TEST_F(RecentHistoryTest, ForgetsSeriesAndHasRoomForSoMany) {
  for (const char* name : {"a", "b", "c", "d"}) add(0s, 0, {name, mesh::Layer::kPod});
  EXPECT_EQ(history_.series(), 3U);
  EXPECT_EQ(history_.left_out(), 1U);
  add(1h, 0, {"a", mesh::Layer::kPod});
  EXPECT_EQ(history_.series(), 1U);
}

TEST_F(RecentHistoryTest, LeavesOutTimesThatGoBack) {
  add(100s, 1);
  add(50s, 2);
  EXPECT_EQ(read(50s, 110s), (std::vector{-1, -1, -1, -1, -1, 1}));
}

TEST_F(RecentHistoryTest, HasTheMinutesOfBeforeTheStart) {
  const auto restore = [&](std::chrono::seconds minute, std::uint16_t down) {
    history_.restore(kNode, kBegin + minute, point(down), kBegin + 1h);
  };
  restore(-1min, 9);  // Too long ago, and so would be a part of the next.
  restore(0s, 9);
  restore(1min, 1);
  restore(58min, 2);
  add(1h, 3);
  restore(59min, 4);
  restore(1h, 9);  // It is not over.
  EXPECT_EQ(read(0s, 120s), (std::vector{-1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(read(59min - 10s, 59min + 10s), (std::vector{2, 4}));
  EXPECT_EQ(read(1h - 10s, 1h + 10s), (std::vector{4, 3}));
}

}  // namespace
}  // namespace meshcheck::history
