#include "server/mesh/cell_feed.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

TEST(CellFeedTest, GivesAClientWhatCameSinceItBegan) {
  CellFeed feed;
  feed.add("before");
  std::optional<std::uint64_t> after;
  EXPECT_EQ(feed.next(after), std::nullopt);
  feed.add("first");
  feed.add("second");
  EXPECT_EQ(feed.next(after), "first");
  EXPECT_EQ(feed.next(after), "second");
  EXPECT_EQ(feed.next(after), std::nullopt);
}

TEST(CellFeedTest, GivesAClientThatIsBehindTheOldestThatIsKept) {
  CellFeed feed;
  std::optional<std::uint64_t> after;
  EXPECT_EQ(feed.next(after), std::nullopt);
  for (std::size_t i = 0; i < CellFeed::kEventsMax + 2; ++i) feed.add(std::to_string(i));
  for (std::size_t i = 2; i < CellFeed::kEventsMax + 2; ++i) {
    EXPECT_EQ(feed.next(after), std::to_string(i));
  }
  EXPECT_EQ(feed.next(after), std::nullopt);
}

}  // namespace
}  // namespace meshcheck::server
