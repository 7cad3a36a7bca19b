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

VerdictPublisher::Changes take(VerdictPublisher& publisher) {
  return publisher.take_changes(100);
}

TEST(VerdictPublisherTest, ShowsTheWorstFirstAndThenTheOldest) {
  VerdictPublisher publisher({});
  publisher.show({record(4), record(1, Severity::kInfo), record(2), record(3, Severity::kWarning)},
                 {});
  EXPECT_EQ(ids(publisher.open()), (std::vector<std::uint64_t>{2, 4, 3, 1}));
  EXPECT_EQ(publisher.count(Severity::kCritical), 2U);
}

TEST(VerdictPublisherTest, KeepsWhatEndedByNumberAndAge) {
  VerdictPublisher publisher({.closed_max = 3, .age_max = 3h});
  for (std::uint64_t id = 1; id <= 5; ++id) {
    publisher.note(Type::kClosed, closed(id, WallTime(10h) + std::chrono::minutes(id)));
  }
  EXPECT_EQ(ids(publisher.closed()), (std::vector<std::uint64_t>{3, 4, 5}));
  publisher.forget({.wall = WallTime(1000h), .steady = Clock::time_point(12h)});
  EXPECT_EQ(publisher.closed().size(), 3U) << "one reading of a clock proves nothing";
  EXPECT_EQ(take(publisher).oldest_kept, WallTime(10h + 3min)) << "there are as many as may be";
  publisher.forget({.wall = WallTime(12h + 4min), .steady = Clock::time_point(12h + 4min)});
  publisher.forget({.wall = WallTime(13h + 4min), .steady = Clock::time_point(13h + 4min)});
  EXPECT_EQ(ids(publisher.closed()), (std::vector<std::uint64_t>{4, 5}));
}

TEST(VerdictPublisherTest, TakesBackWhatOpensAgain) {
  VerdictPublisher publisher({});
  publisher.note(Type::kClosed, closed(7, WallTime(10h)));
  publisher.note(Type::kOpened, record(7));
  EXPECT_TRUE(publisher.closed().empty());
  EXPECT_EQ(publisher.last_id(), 7U);
}

TEST(VerdictPublisherTest, HandsOutEachChangeOnceUnlessItIsPutBack) {
  VerdictPublisher publisher({});
  publisher.show({record(1), record(2)}, {});
  publisher.note(Type::kOpened, record(1));
  publisher.note(Type::kChanged, record(1));
  publisher.note(Type::kOpened, record(2));
  EXPECT_EQ(ids(take(publisher).records), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_TRUE(take(publisher).empty());
  publisher.show({record(1)}, {});
  publisher.note(Type::kClosed, closed(2, WallTime(10h)));
  publisher.put_back();
  const auto again = take(publisher);
  ASSERT_EQ(ids(again.records), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_TRUE(again.records[1].closed);  // What is newer stays.
  publisher.written(again);
  publisher.put_back();
  EXPECT_TRUE(take(publisher).empty());
}

TEST(VerdictPublisherTest, SaysOfWhatItHandsOutWhenNothingOfItIsLeft) {
  VerdictPublisher publisher({.closed_max = 1});
  publisher.note(Type::kClosed, closed(1, WallTime(9h)));
  publisher.note(Type::kClosed, closed(2, WallTime(10h)));
  const auto changes = take(publisher);
  EXPECT_EQ(ids(changes.records), std::vector<std::uint64_t>{2});
  EXPECT_EQ(changes.gone, std::vector<std::uint64_t>{1});
}

TEST(VerdictPublisherTest, WritesNoSeriesTwice) {
  VerdictPublisher publisher({});
  VerdictRecord twin = record(1);
  twin.id = 2;
  publisher.show({record(1), twin}, {});
  metrics::TextWriter writer;
  write_verdict_metrics(publisher, writer);
  const std::string text = writer.take();
  const std::string series =
      R"(meshcheck_verdict{kind="pod_network",severity="critical",layer="pod",subject="n1"} 1)";
  const auto first = text.find(series);
  ASSERT_NE(first, std::string::npos) << text;
  EXPECT_EQ(text.find(series, first + 1), std::string::npos);
  EXPECT_NE(text.find("meshcheck_verdict_info{kind=\"pod_network\",severity=\"critical\","),
            std::string::npos);
  EXPECT_NE(text.find("sentence=\"" + record(1).sentence + "\"} 1"), std::string::npos) << text;
}

class VerdictStoreTest : public ::testing::Test {
 protected:
  VerdictStoreTest() : database_(*store::Connection::open(directory_.file("test.db"))) {
    EXPECT_TRUE(update_schema(database_));
  }

  // What a server would know that begins at `now`.
  VerdictPublisher restored(WallTime now) {
    VerdictPublisher publisher({});
    publisher.restore(*read_verdicts(database_), now);
    return publisher;
  }

  TemporaryDirectory directory_;
  store::Connection database_;
};

TEST_F(VerdictStoreTest, BringsBackWhatItWasGiven) {
  VerdictRecord ended = closed(2, WallTime(3h));
  ended.ending = Ending::kMerged;
  ASSERT_TRUE(write_verdicts(database_, {.records = {ended}}));
  const VerdictPublisher publisher = restored(WallTime(4h));
  ASSERT_EQ(publisher.closed().size(), 1U);
  std::string before;
  std::string after;
  append_json(before, ended);
  append_json(after, publisher.closed().front());
  EXPECT_EQ(after, before);
  EXPECT_EQ(publisher.last_id(), 2U);
}

TEST_F(VerdictStoreTest, EndsWhatWasOpenWhenTheServerStopped) {
  ASSERT_TRUE(write_verdicts(database_, {.records = {closed(1, WallTime(3h)), record(2)}}));
  VerdictPublisher publisher = restored(WallTime(4h));
  ASSERT_EQ(ids(publisher.closed()), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(publisher.closed().back().closed, WallTime(4h));
  EXPECT_EQ(publisher.closed().back().ending, Ending::kRestart);
  EXPECT_EQ(ids(publisher.take_changes(100).records), std::vector<std::uint64_t>{2});
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
