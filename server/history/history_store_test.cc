#include "server/history/history_store.h"

#include <gtest/gtest.h>

#include "server/store/schema.h"

namespace meshcheck::server {
namespace {

using history::Column;
using history::Point;
using history::SeriesKey;
using namespace std::chrono_literals;

const Seconds kDay{std::chrono::days(20'000)};
const SeriesKey kNode{"node-1", mesh::Layer::kHost};

class HistoryStoreTest : public ::testing::Test {
 protected:
  HistoryStoreTest() { EXPECT_TRUE(update_schema(database_)); }

  void write(Seconds minute, std::uint16_t down, const SeriesKey& key = kNode) {
    Point point;
    point[Column::kUp] = 5;
    point[Column::kDegraded] = point[Column::kUnknown] = 0;
    point[Column::kDown] = down;
    ASSERT_TRUE(write_tick(database_, minute, history::encode_tick({{key, point}})));
  }
  // A minute that has the number of the minute as `down`, and what the server does after each.
  void fill(Seconds from, Seconds to, const HistoryBounds& bounds = {}, bool proven = true) {
    for (Seconds minute = from; minute < to; minute += 1min) {
      write(minute, static_cast<std::uint16_t>((minute - from) / 1min % 1000));
      const auto settled = settle_history(database_, minute + 1min, proven, bounds);
      ASSERT_TRUE(settled) << settled.error().message();
      bytes_ = *settled;
    }
  }
  // -1: not measured.
  std::vector<int> read(std::chrono::seconds step, Seconds from, Seconds to,
                        const SeriesKey& key = kNode) {
    const auto points = read_history(database_, key, step, from, to);
    EXPECT_TRUE(points) << points.error().message();
    std::vector<int> read;
    if (!points) return read;
    for (const Point& point : *points) {
      read.push_back(point.is_measured() ? point[Column::kDown] : -1);
    }
    return read;
  }
  std::int64_t count(const std::string& table) {
    auto statement = database_.prepare("SELECT count(*) FROM " + table);
    EXPECT_TRUE(*statement->step());
    return statement->int64(0);
  }

  store::Connection database_ = *store::Connection::open(":memory:");
  std::uint64_t bytes_ = 0;
};

TEST_F(HistoryStoreTest, DoesNotMakeADayAgainThatWasTooMuch) {
  fill(kDay, kDay + 26h);
  const HistoryBounds bounds{.bytes = bytes_ - 1};
  ASSERT_TRUE(settle_history(database_, kDay + 26h, false, bounds));
  EXPECT_EQ(count("history_chunk WHERE step_s = 600"), 0);
  const auto changes = [this] {
    auto statement = database_.prepare("SELECT total_changes()");
    EXPECT_TRUE(*statement->step());
    return statement->int64(0);
  };
  const std::int64_t before = changes();
  const auto again = settle_history(database_, kDay + 26h, false, bounds);
  ASSERT_TRUE(again);
  EXPECT_LE(*again, bounds.bytes);
  EXPECT_EQ(changes(), before);
}

TEST_F(HistoryStoreTest, HasMinutesAcrossHoursAndDays) {
  fill(kDay + 22h, kDay + 26h);
  EXPECT_EQ(count("history_tick"), 0);
  write(kDay + 26h, 7);
  EXPECT_EQ(read(1min, kDay + 22h + 58min, kDay + 23h + 2min), (std::vector{58, 59, 60, 61}));
  EXPECT_EQ(read(1min, kDay + 23h + 59min, kDay + 24h + 1min), (std::vector{119, 120}));
  EXPECT_EQ(read(1min, kDay + 25h + 59min, kDay + 26h + 2min), (std::vector{239, 7, -1}));
  EXPECT_EQ(read(1min, kDay + 21h + 59min, kDay + 22h + 1min), (std::vector{-1, 0}));
  const std::vector nothing = {-1, -1};
  EXPECT_EQ(read(1min, kDay + 22h, kDay + 22h + 2min, {"node-2", mesh::Layer::kHost}), nothing);
  EXPECT_EQ(read(1min, kDay + 22h, kDay + 22h + 2min, {"node-1", mesh::Layer::kPod}), nothing);
}

TEST_F(HistoryStoreTest, HasStepsOfTenMinutesOfDaysHoursAndMinutes) {
  fill(kDay + 23h, kDay + 25h);
  write(kDay + 25h + 3min, 500);
  EXPECT_EQ(read(10min, kDay + 23h + 50min, kDay + 25h + 10min),
            (std::vector{59, 69, 79, 89, 99, 109, 119, 500}));
  EXPECT_EQ(count("history_block WHERE step_s = 600"), 1);
}

TEST_F(HistoryStoreTest, SettlesWhatAServerLeftThatWasStoppedForDays) {
  for (int minute = 0; minute < 90; ++minute) write(kDay + 10h + minute * 1min, 3);
  for (int minute = 0; minute < 3; ++minute) {
    const Seconds now = kDay + 5 * 24h + minute * 1min;
    ASSERT_TRUE(settle_history(database_, now, true, {}));
  }
  EXPECT_EQ(count("history_tick"), 0);
  EXPECT_EQ(count("history_block WHERE step_s = 60"), 0) << "they are older than two days";
  EXPECT_EQ(read(10min, kDay + 11h + 10min, kDay + 11h + 40min), (std::vector{3, 3, -1}));
}

TEST_F(HistoryStoreTest, DeletesByAgeOnceTheClockIsProven) {
  const HistoryBounds bounds{.age = std::chrono::days(1)};
  fill(kDay, kDay + 1h);
  ASSERT_TRUE(settle_history(database_, kDay + 100 * 24h, false, bounds));
  EXPECT_EQ(count("history_chunk"), 1);
  ASSERT_TRUE(settle_history(database_, kDay + 100 * 24h, true, bounds));
  EXPECT_EQ(count("history_chunk"), 0);
}

TEST_F(HistoryStoreTest, DeletesTheOldestBeyondItsBytes) {
  fill(kDay, kDay + 3h);
  const std::uint64_t all = bytes_;
  const auto left =
      settle_history(database_, kDay + 3h, false, {.age = std::chrono::days(9), .bytes = all - 1});
  ASSERT_TRUE(left);
  EXPECT_LT(*left, all);
  EXPECT_EQ(count("history_chunk"), 2);
  EXPECT_EQ(read(1min, kDay + 59min, kDay + 61min), (std::vector{-1, 60}));
}

TEST_F(HistoryStoreTest, IsNotEndedByASizeThatSomebodyEdited) {
  fill(kDay, kDay + 1h);
  ASSERT_TRUE(database_.exec("UPDATE history_block SET bytes = -5"));
  EXPECT_EQ(*settle_history(database_, kDay + 1h, false, {}), 0U);
}

TEST_F(HistoryStoreTest, KeepsMinutesOfAnHourThatComesAgain) {
  fill(kDay, kDay + 1h);
  write(kDay + 5min, 999);
  ASSERT_TRUE(settle_history(database_, kDay + 2h, false, {}));
  EXPECT_EQ(read(1min, kDay + 4min, kDay + 7min), (std::vector{4, 999, 6}));
}

TEST_F(HistoryStoreTest, HasTheMinutesOfTheLastHours) {
  fill(kDay, kDay + 2h);
  write(kDay + 2h, 7);
  std::vector<int> read;
  ASSERT_TRUE(read_minutes(database_, kDay + 90min, kDay + 3h,
                           [&](const SeriesKey& key, Seconds minute, const Point& point) {
                             EXPECT_EQ(key, kNode);
                             EXPECT_EQ((minute - kDay) / 1min, 60 + static_cast<int>(read.size()));
                             read.push_back(point[Column::kDown]);
                           }));
  ASSERT_EQ(read.size(), 61U) << "whole hours";
  EXPECT_EQ(read[0], 60);
  EXPECT_EQ(read[60], 7);
}

TEST_F(HistoryStoreTest, KeepsTheDaysThatAClockAheadSaidToBeOver) {
  fill(kDay, kDay + 3h, {}, false);
  ASSERT_TRUE(settle_history(database_, kDay + 30 * 24h, false, {}));
  fill(kDay + 3h, kDay + 25h, {}, false);
  ASSERT_TRUE(settle_history(database_, kDay + 25h, true, {}));
  EXPECT_EQ(count("history_block WHERE step_s = 600"), 1);
  EXPECT_EQ(read(10min, kDay + 3h, kDay + 3h + 20min), (std::vector{9, 19}));
}

TEST_F(HistoryStoreTest, SettlesADayAnewWhoseMinutesCameLater) {
  fill(kDay + 22h, kDay + 25h);
  EXPECT_EQ(read(10min, kDay + 23h, kDay + 23h + 10min), (std::vector{69}));
  for (int minute = 0; minute < 60; ++minute) write(kDay + 23h + minute * 1min, 500);
  ASSERT_TRUE(settle_history(database_, kDay + 25h, true, {}));
  EXPECT_EQ(read(10min, kDay + 23h, kDay + 23h + 10min), (std::vector{500}));
}

TEST_F(HistoryStoreTest, LeavesOutDamagedRows) {
  fill(kDay, kDay + 2h);
  ASSERT_TRUE(database_.exec("UPDATE history_chunk SET points = x'01ff' WHERE start_s = " +
                             std::to_string(kDay.time_since_epoch().count())));
  ASSERT_TRUE(database_.exec("INSERT INTO history_tick VALUES (" +
                             std::to_string((kDay + 2h).time_since_epoch().count()) + ", x'77')"));
  EXPECT_EQ(read(1min, kDay + 59min, kDay + 61min), (std::vector{-1, 60}));
  // What no tick could have.
  ASSERT_TRUE(database_.exec("INSERT INTO history_chunk SELECT step_s, start_s, '" +
                             std::string(history::kNodeNameMax + 1, 'n') +
                             "', layer, points FROM history_chunk WHERE start_s > " +
                             std::to_string(kDay.time_since_epoch().count())));
  ASSERT_TRUE(database_.exec("UPDATE history_chunk SET layer = 7 WHERE length(node) < 10"));
  ASSERT_TRUE(
      read_minutes(database_, kDay, kDay + 2h,
                   [](const SeriesKey& key, Seconds, const Point&) { ADD_FAILURE() << key.node; }));
  EXPECT_TRUE(settle_history(database_, kDay + 25h, false, {}));
}

}  // namespace
}  // namespace meshcheck::server
