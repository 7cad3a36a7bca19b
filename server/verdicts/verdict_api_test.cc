#include "server/verdicts/verdict_api.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

class EventStreamTest : public testing::Test {
 protected:
  // All that a client gets at once which comes back with `last_id`.
  std::string first_piece(const std::string& last_id) {
    http::Request request;
    request.headers.emplace_back("Last-Event-ID", last_id);
    const http::Response response = get_events({verdicts_, events_, grids_}, request);
    std::string piece;
    EXPECT_EQ(response.source(piece), http::BodyStep::kWait);
    return piece;
  }

  // What a client hears that asks with this query, of two grids and what changed between them.
  std::string heard(const std::string& query) {
    http::Request request;
    request.query = query;
    const http::Response response = get_events({verdicts_, events_, grids_}, request);
    std::string piece;
    EXPECT_EQ(response.source(piece), http::BodyStep::kWait);
    grids_.remember(now());
    piece.clear();
    EXPECT_EQ(response.source(piece), http::BodyStep::kWait);
    return piece;
  }

  Guarded<VerdictPublisher> verdicts_{VerdictPublisher::Options()};
  Guarded<EventFeed> events_{WallTime(1s)};
  Guarded<mesh::Mesh> mesh_{mesh::Mesh::Options{}};
  http::MemoryBudget memory_{1 << 20};
  GridAnswers grids_{mesh_, memory_};
};

TEST_F(EventStreamTest, TellsOfCellsToWhoAsksForThem) {
  EXPECT_EQ(heard(""), ":\n\n");
  const std::string pod = heard("cells=pod");
  EXPECT_EQ(pod.find("event: cells\ndata: {\"time\":\""), 0U) << pod;
  EXPECT_NE(pod.find("\"layer\":\"pod\""), std::string::npos) << pod;
  EXPECT_EQ(pod.find("\"layer\":\"host\""), std::string::npos) << pod;
  EXPECT_EQ(pod.find("id:"), std::string::npos) << "the last id stays what it was";
  const std::string both = heard("cells=both");
  EXPECT_LT(both.find("\"layer\":\"pod\""), both.find("\"layer\":\"host\""));
  EXPECT_EQ(heard("cells=host").find("\"layer\":\"pod\""), std::string::npos);
}

TEST_F(EventStreamTest, RefusesCellsOfALayerThatIsNone) {
  http::Request request;
  request.query = "cells=all";
  EXPECT_EQ(get_events({verdicts_, events_, grids_}, request).status, 400);
}

TEST_F(EventStreamTest, GoesOnWhereAClientWasBeforeTheFirstEvent) {
  EXPECT_NE(first_piece("").find("id: 1000-0\n"), std::string::npos);
  events_.with([](EventFeed& feed) { feed.add("agent_back", "{}"); });
  const std::string again = first_piece("1000-0");
  EXPECT_EQ(again.find("event: verdicts"), std::string::npos);
  EXPECT_NE(again.find("event: agent_back\nid: 1000-1\n"), std::string::npos) << again;
}

TEST_F(EventStreamTest, SaysHowManyAClientMissedThatWasBeforeTheFirstEvent) {
  for (std::size_t i = 0; i < EventFeed::kEventsMax + 3; ++i) {
    events_.with([](EventFeed& feed) { feed.add("agent_back", "{}"); });
  }
  EXPECT_NE(first_piece("1000-0").find("event: missed\nid: 1000-3\ndata: {\"events\":3}\n"),
            std::string::npos);
}

TEST_F(EventStreamTest, ShowsWhatIsOpenToAClientOfAnotherProcess) {
  EXPECT_NE(first_piece("999-0").find("event: verdicts"), std::string::npos);
}

class VerdictsAtTest : public testing::Test {
 protected:
  http::Response get(const std::string& query) {
    http::Request request;
    request.query = query;
    return get_verdicts(verdicts_, request);
  }
  // Of a verdict that was open from `opened` on, until `closed`; both are ages.
  static VerdictRecord record(std::uint64_t id, WallClock::duration opened,
                              std::optional<WallClock::duration> closed = {}) {
    const WallTime time = now().wall;
    VerdictRecord made;
    made.id = id;
    made.opened = time - opened;
    if (closed) made.closed = time - *closed;
    made.sentence = "verdict " + std::to_string(id);
    made.details = "\"evidence\":[]";
    return made;
  }
  void close(VerdictRecord record) {
    verdicts_.with([&](VerdictPublisher& publisher) {
      publisher.note(verdict::VerdictEvent::Type::kClosed, std::move(record));
    });
  }

  Guarded<VerdictPublisher> verdicts_{VerdictPublisher::Options{.closed_max = 2}};
};

TEST_F(VerdictsAtTest, AreThoseThatWereOpenThen) {
  verdicts_.with([](VerdictPublisher& publisher) { publisher.show({record(2, 10min)}, {}); });
  close(record(1, 1h, 20min));
  EXPECT_NE(get("at=30m").body.find("verdict 1"), std::string::npos);
  EXPECT_EQ(get("at=30m").body.find("verdict 2"), std::string::npos);
  EXPECT_EQ(get("at=15m").body.find("verdict"), get("at=15m").body.find("verdicts"));
  EXPECT_EQ(get("at=5m").body.find("verdict 1"), std::string::npos);
  EXPECT_NE(get("at=5m").body.find("verdict 2"), std::string::npos);
}

TEST_F(VerdictsAtTest, AreNotSaidToBeNoneBeforeThoseThatAreKept) {
  close(record(1, 3h, 2h));
  EXPECT_EQ(get("at=150m").status, 200);
  close(record(2, 2h, 1h));
  close(record(3, 1h, 30min));
  const auto before = get("at=150m");
  EXPECT_EQ(before.status, 404);
  EXPECT_NE(before.body.find("verdicts are known since "), std::string::npos) << before.body;
  EXPECT_EQ(get("at=31d").status, 404) << "whether or not the clock is proven";
}

TEST_F(VerdictsAtTest, HaveATimeThatIsOver) {
  EXPECT_EQ(get("at=2100-01-01T00:00:00Z").status, 400);
  EXPECT_EQ(get("at=x").status, 400);
  EXPECT_EQ(get("at=5m&since=1h").status, 400);
}

}  // namespace
}  // namespace meshcheck::server
