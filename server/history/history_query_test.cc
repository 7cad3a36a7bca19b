#include "server/history/history_query.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

class HistoryQueryTest : public ::testing::Test {
 protected:
  Result<HistoryQuery> parse(const std::string& query, bool stored = true) const {
    http::Request request;
    request.query = "node=n&" + query;
    return parse_history_query(request, now_, stored);
  }
  std::string refused(const std::string& query) const {
    const auto parsed = parse(query);
    return parsed ? "taken" : parsed.error().message();
  }

  const WallTime now_ = *parse_wall_time("2026-11-30T12:00:07.5Z");
};

TEST_F(HistoryQueryTest, HasTheFinestStepsThatAreKept) {
  struct Case {
    std::string query;
    std::chrono::seconds kept;
    std::chrono::seconds step;
  };
  for (const Case& each : {Case{"", 10s, 10s}, Case{"from=6h", 60s, 60s},
                           Case{"from=1d", 60s, 180s}, Case{"from=1d&points=1441", 60s, 60s},
                           Case{"from=7d", 600s, 1200s}, Case{"from=90d&points=2000", 600s, 4200s},
                           Case{"from=72h&to=71h", 600s, 600s}, Case{"points=1", 10s, 3610s}}) {
    const auto query = parse(each.query);
    ASSERT_TRUE(query) << each.query << ": " << query.error().message();
    EXPECT_EQ(query->kept, each.kept) << each.query;
    EXPECT_EQ(query->step, each.step) << each.query;
    EXPECT_EQ(query->from.time_since_epoch() % (each.query == "points=1" ? 10s : query->step), 0s);
    EXPECT_LE((query->to - query->from + query->step - 1s) / query->step,
              static_cast<std::int64_t>(query->points_max));
  }
}

TEST_F(HistoryQueryTest, BeginsWithinTheLastHourWithoutADatabase) {
  const auto query = parse("from=7d", false);
  ASSERT_TRUE(query);
  EXPECT_TRUE(query->is_recent());
  EXPECT_LT(query->to - query->from, 1h + 10s);
  const auto before = parse("from=7d&to=6d", false);
  ASSERT_TRUE(before);
  EXPECT_LE(before->to - before->from, 10s);
}

TEST_F(HistoryQueryTest, RefusesWithTheKey) {
  EXPECT_EQ(refused("layer=x"), "layer: unknown value; allowed are pod, host");
  EXPECT_EQ(refused("from=1h&to=2h"), "from: it is not before to and now");
  EXPECT_EQ(refused("from=2100-01-01T00:00:00Z"), "from: it is not before to and now");
  EXPECT_EQ(refused("from=2000-01-01T00:00:00Z"), "from: more than ten years before to");
  EXPECT_EQ(refused("to=x").rfind("to: a time as ", 0), 0U);
  EXPECT_EQ(refused("points=0").rfind("points: ", 0), 0U);
  EXPECT_EQ(refused("x=1"), "unknown key in the query; allowed are node, layer, from, to, points");
  http::Request request;
  EXPECT_EQ(parse_history_query(request, now_, true).error().message(),
            "node: the name of a node is expected");
}

}  // namespace
}  // namespace meshcheck::server
