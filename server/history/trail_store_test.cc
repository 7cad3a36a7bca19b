#include "server/history/trail_store.h"

#include <gtest/gtest.h>

#include "server/store/schema.h"

namespace meshcheck::server {
namespace {

using Moment = history::Trail::Moment;
using Trails = std::vector<std::pair<Moment, std::string>>;

class TrailStoreTest : public ::testing::Test {
 protected:
  TrailStoreTest() { EXPECT_TRUE(update_schema(database_)); }

  void add_verdict(int id) {
    EXPECT_TRUE(database_.exec("INSERT INTO verdict VALUES (" + std::to_string(id) +
                               ", 0, NULL, '', '', '', '', '', '', '', '')"));
  }
  void write(const std::vector<TrailRow>& rows) {
    const auto written = write_trails(database_, rows);
    ASSERT_TRUE(written) << written.error().message();
  }
  Trails read(std::uint64_t verdict) {
    const auto trails = read_trails(database_, verdict);
    EXPECT_TRUE(trails);
    return *trails;
  }

  store::Connection database_ = *store::Connection::open(":memory:");
};

TEST_F(TrailStoreTest, KeepsThoseOfEachMoment) {
  const std::string large(5000, 'x');
  write({{1, Moment::kOpened, "{}"}, {1, Moment::kClosed, large}, {2, Moment::kOpened, "[]"}});
  EXPECT_EQ(read(1), (Trails{{Moment::kClosed, large}, {Moment::kOpened, "{}"}}));
  write({{2, Moment::kOpened, "{1}"}});
  EXPECT_EQ(read(2), (Trails{{Moment::kOpened, "{1}"}}));
  EXPECT_TRUE(read(3).empty());
}

TEST_F(TrailStoreTest, ForgetsThoseOfVerdictsThatAreGone) {
  add_verdict(2);
  add_verdict(4);
  write({{1, Moment::kOpened, "a"},
         {2, Moment::kOpened, "b"},
         {3, Moment::kOpened, "c"},
         {5, Moment::kOpened, "d"}});
  EXPECT_TRUE(read(1).empty());
  EXPECT_EQ(read(2).size(), 1U);
  EXPECT_TRUE(read(3).empty());
  EXPECT_EQ(read(5).size(), 1U) << "its verdict is not written yet";
}

TEST_F(TrailStoreTest, LeavesOutWhatIsDamaged) {
  write({{1, Moment::kOpened, "a"}, {1, Moment::kClosed, "b"}});
  ASSERT_TRUE(database_.exec("UPDATE verdict_trail SET trail = x'ffff' WHERE moment = 'closed'"));
  EXPECT_EQ(read(1), (Trails{{Moment::kOpened, "a"}}));
  ASSERT_TRUE(database_.exec("UPDATE verdict_trail SET moment = 'later' WHERE moment = 'opened'"));
  EXPECT_TRUE(read(1).empty());
}

}  // namespace
}  // namespace meshcheck::server
