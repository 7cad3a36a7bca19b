#include "meshctl/sla_documents.h"

#include <gtest/gtest.h>

namespace meshcheck::meshctl {
namespace {

const WallTime kNow{std::chrono::seconds(1000)};

Json list(std::int64_t start, std::int64_t end, const char* source = "api") {
  return Json{{"downtimes",
               {Json{{"uid", "u"},
                     {"name", "n"},
                     {"type", "Accident"},
                     {"startDate", start},
                     {"endDate", end},
                     {"description", "d"},
                     {"affected", {"g"}},
                     {"source", source}}}}};
}

TEST(DowntimeEndTest, EndsOneThatRuns) {
  const auto end = end_of_downtime(list(500, 2000), "u", kNow);
  ASSERT_TRUE(end);
  EXPECT_FALSE(end->remove);
  EXPECT_EQ(
      end->body,
      R"({"startDate":500,"type":"Accident","description":"d","affected":["g"],"name":"n","endDate":1000})");
}

TEST(DowntimeEndTest, DeletesOneThatHasNotBegun) {
  EXPECT_TRUE(end_of_downtime(list(1500, 2000), "u", kNow)->remove);
}

TEST(DowntimeEndTest, LeavesOthersAlone) {
  EXPECT_FALSE(end_of_downtime(list(500, 900), "u", kNow));
  EXPECT_FALSE(end_of_downtime(list(500, 2000, "file"), "u", kNow));
  EXPECT_FALSE(end_of_downtime(list(500, 2000), "v", kNow));
}

TEST(SlaStepTest, MakesFewSteps) {
  EXPECT_EQ(sla_step(std::chrono::hours(6)), "5m");
  EXPECT_EQ(sla_step(std::chrono::hours(24)), "1h");
  EXPECT_EQ(sla_step(std::chrono::hours(24 * 30)), "1d");
}

}  // namespace
}  // namespace meshcheck::meshctl
