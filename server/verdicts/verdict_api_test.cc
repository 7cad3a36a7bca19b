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
    const http::Response response = get_events(verdicts_, events_, request);
    std::string piece;
    EXPECT_EQ(response.source(piece), http::BodyStep::kWait);
    return piece;
  }

  Guarded<VerdictPublisher> verdicts_{VerdictPublisher::Options()};
  Guarded<EventFeed> events_{WallTime(1s)};
};

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

}  // namespace
}  // namespace meshcheck::server
