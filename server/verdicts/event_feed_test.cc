#include "server/verdicts/event_feed.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

TEST(EventFeedTest, KeepsTheLatestAndNumbersAll) {
  EventFeed feed(WallTime(1s), 3);
  for (int i = 0; i < 5; ++i) feed.add("agent_back", "{}");
  ASSERT_EQ(feed.events().size(), 3U);
  EXPECT_EQ(feed.events().front().number, 3U);
  EXPECT_EQ(feed.last_number(), 5U);
}

TEST(EventFeedTest, KnowsItsOwnIdsOnly) {
  EventFeed feed(WallTime(1234ms));
  feed.add("agent_back", "{}");
  feed.add("agent_back", "{}");
  EXPECT_EQ(feed.id(2), "1234-2");
  EXPECT_EQ(feed.number_of("1234-2"), 2U);
  EXPECT_EQ(feed.number_of("1234-0"), 0U);
  for (const char* const foreign : {"1235-2", "1234-3", "1234-", "1234-2x", "2", "", "-2"}) {
    EXPECT_FALSE(feed.number_of(foreign)) << foreign;
  }
}

}  // namespace
}  // namespace meshcheck::server
