#include "server/verdicts/verdict_publisher.h"

#include <gtest/gtest.h>

#include "lib/metrics/text_writer.h"
#include "lib/testing/temporary_directory.h"
#include "server/store/schema.h"
#include "server/verdicts/verdict_metrics.h"
#include "server/verdicts/verdict_store.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;
using verdict::Severity;
using Type = verdict::VerdictEvent::Type;

VerdictRecord record(std::uint64_t id, Severity severity = Severity::kCritical) {
  return {.id = id,
          .opened = WallTime(1h) + std::chrono::seconds(id),
          .closed = {},
          .kind = "pod_network",
          .severity = severity,
          .layer = "pod",
          .subject = "n" + std::to_string(id),
          .sentence = "pod network is broken",
          .next_command = "kubectl get pods",
          .details = "\"way\":\"both\""};
}

VerdictRecord closed(std::uint64_t id, WallTime time) {
  VerdictRecord ended = record(id);
  ended.closed = time;
  return ended;
}

std::vector<std::uint64_t> ids(const auto& records) {
  std::vector<std::uint64_t> found;
  for (const VerdictRecord& one : records) found.push_back(one.id);
  return found;
}

VerdictBoard::Changes take(VerdictBoard& board) {
  return board.take_changes(100);
}

TEST(VerdictBoardTest, ShowsTheWorstFirstAndThenTheOldest) {
  VerdictBoard board({});
  board.show({record(4), record(1, Severity::kInfo), record(2), record(3, Severity::kWarning)}, {});
  EXPECT_EQ(ids(board.open()), (std::vector<std::uint64_t>{2, 4, 3, 1}));
  EXPECT_EQ(board.count(Severity::kCritical), 2U);
}

TEST(VerdictBoardTest, KeepsWhatEndedByNumberAndAge) {
  VerdictBoard board({.closed_max = 3, .age_max = 3h});
  for (std::uint64_t id = 1; id <= 5; ++id) {
    board.note(Type::kClosed, closed(id, WallTime(10h) + std::chrono::minutes(id)));
  }
  EXPECT_EQ(ids(board.closed()), (std::vector<std::uint64_t>{3, 4, 5}));
  board.forget({.wall = WallTime(1000h), .steady = Clock::time_point(12h)});
  EXPECT_EQ(board.closed().size(), 3U) << "one reading of a clock proves nothing";
  EXPECT_EQ(take(board).oldest_kept, WallTime(10h + 3min)) << "there are as many as may be";
  board.forget({.wall = WallTime(12h + 4min), .steady = Clock::time_point(12h + 4min)});
  board.forget({.wall = WallTime(13h + 4min), .steady = Clock::time_point(13h + 4min)});
  EXPECT_EQ(ids(board.closed()), (std::vector<std::uint64_t>{4, 5}));
}

TEST(VerdictBoardTest, TakesBackWhatOpensAgain) {
  VerdictBoard board({});
  board.note(Type::kClosed, closed(7, WallTime(10h)));
  board.note(Type::kOpened, record(7));
  EXPECT_TRUE(board.closed().empty());
  EXPECT_EQ(board.last_id(), 7U);
}

TEST(VerdictBoardTest, HandsOutEachChangeOnceUnlessItIsPutBack) {
  VerdictBoard board({});
  board.show({record(1), record(2)}, {});
  board.note(Type::kOpened, record(1));
  board.note(Type::kChanged, record(1));
  board.note(Type::kOpened, record(2));
  EXPECT_EQ(ids(take(board).records), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_TRUE(take(board).empty());
  board.show({record(1)}, {});
  board.note(Type::kClosed, closed(2, WallTime(10h)));
  board.put_back();
  const auto again = take(board);
  ASSERT_EQ(ids(again.records), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_TRUE(again.records[1].closed);  // What is newer stays.
  board.written(again);
  board.put_back();
  EXPECT_TRUE(take(board).empty());
}

TEST(VerdictBoardTest, SaysOfWhatItHandsOutWhenNothingOfItIsLeft) {
  VerdictBoard board({.closed_max = 1});
  board.note(Type::kClosed, closed(1, WallTime(9h)));
  board.note(Type::kClosed, closed(2, WallTime(10h)));
  const auto changes = take(board);
  EXPECT_EQ(ids(changes.records), std::vector<std::uint64_t>{2});
  EXPECT_EQ(changes.gone, std::vector<std::uint64_t>{1});
}

TEST(VerdictBoardTest, WritesNoSeriesTwice) {
  VerdictBoard board({});
  VerdictRecord twin = record(1);
  twin.id = 2;
  board.show({record(1), twin}, {});
  metrics::TextWriter writer;
  write_verdict_metrics(board, writer);
  const std::string text = writer.take();
  const std::string series =
      R"(meshcheck_verdict{kind="pod_network",severity="critical",layer="pod",subject="n1"} 1)";
  const auto first = text.find(series);
  ASSERT_NE(first, std::string::npos) << text;
  EXPECT_EQ(text.find(series, first + 1), std::string::npos);
}

class VerdictStoreTest : public ::testing::Test {
 protected:
  VerdictStoreTest() : database_(*store::Connection::open(directory_.file("test.db"))) {
    EXPECT_TRUE(update_schema(database_));
  }

  // What a server would know that begins at `now`.
  VerdictBoard restored(WallTime now) {
    VerdictBoard board({});
    board.restore(*read_verdicts(database_), now);
    return board;
  }

  TemporaryDirectory directory_;
  store::Connection database_;
};

TEST_F(VerdictStoreTest, BringsBackWhatItWasGiven) {
  VerdictRecord ended = closed(2, WallTime(3h));
  ended.ending = Ending::kMerged;
  ASSERT_TRUE(write_verdicts(database_, {.records = {ended}}));
  const VerdictBoard board = restored(WallTime(4h));
  ASSERT_EQ(board.closed().size(), 1U);
  std::string before;
  std::string after;
  append_json(before, ended);
  append_json(after, board.closed().front());
  EXPECT_EQ(after, before);
  EXPECT_EQ(board.last_id(), 2U);
}

TEST_F(VerdictStoreTest, EndsWhatWasOpenWhenTheServerStopped) {
  ASSERT_TRUE(write_verdicts(database_, {.records = {closed(1, WallTime(3h)), record(2)}}));
  VerdictBoard board = restored(WallTime(4h));
  ASSERT_EQ(ids(board.closed()), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(board.closed().back().closed, WallTime(4h));
  EXPECT_EQ(board.closed().back().ending, Ending::kRestart);
  EXPECT_EQ(ids(board.take_changes(100).records), std::vector<std::uint64_t>{2});
}

TEST_F(VerdictStoreTest, DropsWhatIsNotKept) {
  ASSERT_TRUE(write_verdicts(database_, {.records = {record(1), record(2)}}));
  ASSERT_TRUE(write_verdicts(database_, {.gone = {1}}));
  EXPECT_EQ(ids(*read_verdicts(database_)), std::vector<std::uint64_t>{2});
}

TEST_F(VerdictStoreTest, DropsWhatIsTooOldAndNothingThatIsOpen) {
  ASSERT_TRUE(write_verdicts(
      database_, {.records = {closed(1, WallTime(3h)), closed(2, WallTime(5h)), record(3)},
                  .oldest_kept = WallTime(4h)}));
  EXPECT_EQ(ids(*read_verdicts(database_)), (std::vector<std::uint64_t>{2, 3}));
}

}  // namespace
}  // namespace meshcheck::server
