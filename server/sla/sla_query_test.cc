#include "server/sla/sla_query.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

const WallTime kNow = sla::Seconds(1'795'262'400s) + 61s;

http::Request request(const std::string& query) {
  http::Request made;
  made.query = query;
  return made;
}

std::string error_of(const std::string& query) {
  const auto parsed = parse_range_query(request("group=g&probe=p&" + query), kNow);
  return parsed ? "" : parsed.error().message();
}

TEST(SlaQueryTest, KnowsStepsInSecondsAndAsDurations) {
  EXPECT_EQ(parse_step("300"), 300s);
  EXPECT_EQ(parse_step("1h30m"), 90min);
  EXPECT_EQ(parse_step("1d"), 24h);
  EXPECT_EQ(parse_step("1d12h"), 36h);
  EXPECT_EQ(parse_step("30d"), 720h);
  for (const char* bad : {"", "0", "-5", "1h30", "h", "5x", "1.5h", "99999999999999999999",
                          "9223372036854775807d", "3661d", "1500ms", "500ms"}) {
    EXPECT_FALSE(parse_step(bad)) << bad;
  }
}

TEST(SlaQueryTest, AsksForTheLastSixHoursUnlessItIsTold) {
  const auto query = parse_range_query(request("group=g&probe=__all__"), kNow);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->range.steps, 72U);
  EXPECT_EQ(query->range.to, sla::Seconds(1'795'262'400s));
  EXPECT_FALSE(query->totals);
  EXPECT_EQ(query->probe, "");
  EXPECT_TRUE(query->mutes(sla::DowntimeType::kMaintenance));
  EXPECT_FALSE(query->mutes(sla::DowntimeType::kAccident));
}

TEST(SlaQueryTest, SaysWhatIsWrong) {
  EXPECT_NE(error_of("from=10&to=5").find("from: it is later"), std::string::npos);
  EXPECT_NE(error_of("from=x").find("from:"), std::string::npos);
  EXPECT_NE(error_of("step=x").find("step:"), std::string::npos);
  EXPECT_NE(error_of("from=0&to=315360000&step=300").find("at most 10000"), std::string::npos);
  EXPECT_NE(error_of("from=0&to=7258118400&step=30d").find("ten years"), std::string::npos);
  EXPECT_NE(error_of("to=7258118401").find("1970 to 2199"), std::string::npos);
  EXPECT_FALSE(parse_range_query(request("probe=p"), kNow));
  EXPECT_FALSE(parse_range_query(request("group=g"), kNow));
  EXPECT_FALSE(parse_range_query(request("group=g%2f&probe=p"), kNow));
}

TEST(SlaQueryTest, MutesByUpmetersCodesAndByNone) {
  const auto muted = [](const std::string& codes) {
    return parse_range_query(request("group=g&probe=p&muteDowntimeTypes=" + codes), kNow)->mute;
  };
  using enum sla::DowntimeType;
  EXPECT_EQ(muted("Acd!Mnt"), (std::vector{kAccident, kMaintenance}));
  EXPECT_EQ(muted("none").size(), 0U);
  EXPECT_EQ(muted("Xyz").size(), 3U) << "none recognised: the usual ones";
  EXPECT_EQ(muted("Xyz!InfAcd"), std::vector{kInfrastructureAccident});
}

TEST(SlaQueryTest, RefusesWhatOurOwnRouteDoesNotKnow) {
  EXPECT_EQ(parse_sla_query(request("gruop=g"), kNow).error().message(),
            "unknown key in the query; allowed are from, to, step, group, probe, target, mute, "
            "format");
  EXPECT_FALSE(parse_sla_query(request("mute=Mnt"), kNow));
  EXPECT_FALSE(parse_sla_query(request("format=xml"), kNow));
  EXPECT_FALSE(parse_sla_query(request("target=99.9"), kNow));
  const auto query =
      parse_sla_query(request("from=2026-11-01T00:00:00Z&to=2026-11-08T00:00:00Z&step=1d&"
                              "target=0.99&mute=Accident,Maintenance&format=csv"),
                      kNow);
  ASSERT_TRUE(query) << query.error().message();
  EXPECT_EQ(query->range.steps, 7U);
  EXPECT_EQ(query->target, 0.99);
  EXPECT_TRUE(query->csv);
}

}  // namespace
}  // namespace meshcheck::server
