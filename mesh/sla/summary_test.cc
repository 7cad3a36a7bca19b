#include "mesh/sla/summary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "mesh/sla/public_status.h"

namespace meshcheck::sla {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Seconds at(std::int64_t time) {
  return Seconds(seconds(time));
}

Downtime downtime(DowntimeType type, std::int64_t start, std::int64_t end) {
  return {.uid = "u-" + std::to_string(start), .type = type, .start = at(start), .end = at(end)};
}

std::vector<const Downtime*> all_of(const std::vector<Downtime>& downtimes) {
  std::vector<const Downtime*> pointers;
  for (const Downtime& each : downtimes) pointers.push_back(&each);
  return pointers;
}

TEST(MutedTimeTest, IsTheUnionOfItsDowntimes) {
  constexpr auto kType = DowntimeType::kMaintenance;
  const std::vector<Downtime> downtimes = {downtime(kType, 250, 400), downtime(kType, 100, 200),
                                           downtime(kType, 150, 220), downtime(kType, 160, 170)};
  const MutedTime muted(all_of(downtimes));
  EXPECT_EQ(muted.overlap(at(0), at(1000)), seconds(120 + 150));
  EXPECT_EQ(muted.overlap(at(210), at(260)), seconds(20));
  EXPECT_EQ(muted.overlap(at(220), at(250)), seconds(0));
  EXPECT_TRUE(muted.touches(at(0), at(101)));
  EXPECT_FALSE(muted.touches(at(0), at(100)));
  EXPECT_FALSE(MutedTime().touches(at(0), at(1000)));
}

TEST(SummaryTest, MutesUnknownThenDownThenWhatHasNoData) {
  const Timers timers{seconds(10), seconds(8), seconds(5)};  // And 7 s without data.
  const auto muted = [&](int overlap) {
    return summarize(timers, kEpisodeLength, seconds(overlap));
  };
  EXPECT_EQ(muted(0), (Summary{timers, seconds(0), seconds(7)}));
  EXPECT_EQ(muted(3), (Summary{{seconds(10), seconds(8), seconds(2)}, seconds(3), seconds(7)}));
  EXPECT_EQ(muted(9), (Summary{{seconds(10), seconds(4), seconds(0)}, seconds(9), seconds(7)}));
  EXPECT_EQ(muted(15), (Summary{{seconds(10), seconds(0), seconds(0)}, seconds(15), seconds(5)}));
  EXPECT_EQ(muted(30), (Summary{{seconds(10), seconds(0), seconds(0)}, seconds(20), seconds(0)}));
}

TEST(SummaryTest, AlwaysSumsToTheLength) {
  std::minstd_rand random(7);
  const auto draw = [&](std::int64_t most) {
    return milliseconds(static_cast<std::int64_t>(random()) % (most + 1));
  };
  for (int round = 0; round < 20'000; ++round) {
    Timers timers;
    timers.up = draw(300'000);
    timers.down = draw(300'000 - timers.up.count());
    timers.unknown = draw(300'000 - timers.up.count() - timers.down.count());
    const Summary summary = summarize(timers, kRollupLength, draw(300'000));
    ASSERT_EQ(summary.timers.measured() + summary.muted + summary.nodata, kRollupLength);
    ASSERT_EQ(summary.timers.up, timers.up);
    // More of it muted is never worse.
    const Summary more = summarize(timers, kRollupLength, kRollupLength);
    ASSERT_GE(availability(more).value_or(1.0), availability(summary).value_or(0.0));
  }
}

TEST(SummaryTest, HasNoAvailabilityOfWhatNobodyKnows) {
  EXPECT_EQ(availability({.timers = {.unknown = seconds(20)}, .nodata = seconds(10)}),
            std::nullopt);
  EXPECT_DOUBLE_EQ(*availability({.timers = {.up = seconds(15), .down = seconds(5)}}), 0.75);
  EXPECT_DOUBLE_EQ(*availability({.timers = {.down = seconds(5)}, .muted = seconds(15)}), 0.75);
}

TEST(ErrorBudgetTest, IsWhatTheTargetAllowsOfWhatWasMeasured) {
  const Summary day{.timers = {.up = seconds(86'400 - 47), .down = seconds(47)}};
  const ErrorBudget budget = error_budget(day, 0.999);
  EXPECT_EQ(budget.allowed, milliseconds(86'400));
  EXPECT_EQ(budget.used, seconds(47));
  EXPECT_EQ(budget.left(), milliseconds(39'400));
  EXPECT_LT(error_budget(day, 0.9999).left(), seconds(0));
}

struct StateCase {
  Summary summary;
  std::vector<Downtime> downtimes;
  std::string_view state;
  std::string_view uid;
};

TEST(StepStateTest, NamesWhatTheStepWas) {
  using enum DowntimeType;
  const Summary up{.timers = {.up = seconds(300)}};
  const Summary down{.timers = {.up = seconds(200), .down = seconds(100)}};
  const Summary little{.timers = {.up = milliseconds(299'800), .down = milliseconds(200)}};
  const Summary muted{.timers = {.up = seconds(200)}, .muted = seconds(100)};
  const std::vector<StateCase> cases = {
      {up, {}, "up", ""},
      {down, {}, "down", ""},
      {down, {downtime(kAccident, 1000, 1100)}, "down", "u-1000"},
      {down, {downtime(kMaintenance, 1000, 1100)}, "down", ""},
      {little, {}, "down_without_sla_breach", ""},
      {muted, {downtime(kMaintenance, 1000, 1100)}, "was_maintenance", "u-1000"},
      {muted,
       {downtime(kMaintenance, 1000, 1010), downtime(kInfrastructureAccident, 1010, 1100)},
       "was_infrastructure_accident",
       "u-1010"},
      {muted,
       {downtime(kInfrastructureMaintenance, 1000, 1100)},
       "was_infrastructure_maintenance",
       "u-1000"},
      {up, {downtime(kMaintenance, 1000, 1100)}, "up", ""},
      {{.timers = {.unknown = seconds(10)}, .nodata = seconds(290)}, {}, "unknown", ""},
      {{.nodata = seconds(300)}, {}, "no_data", ""},
  };
  for (const StateCase& each : cases) {
    const auto downtimes = all_of(each.downtimes);
    const StepVerdict verdict =
        judge({.summary = each.summary, .from = at(900), .to = at(1200)}, downtimes, downtimes);
    EXPECT_EQ(text(verdict.state), each.state) << &each - cases.data();
    EXPECT_EQ(verdict.downtime ? verdict.downtime->uid : "", each.uid) << &each - cases.data();
  }
}

TEST(DowntimeTest, AffectsGroupsProbesOrEverything) {
  Downtime each;
  EXPECT_TRUE(each.affects({"synthetic", "dns"}));
  each.affected = {"synthetic/dns", "nginx"};
  EXPECT_TRUE(each.affects({"synthetic", "dns"}));
  EXPECT_FALSE(each.affects({"synthetic", "access"}));
  EXPECT_TRUE(each.affects({"nginx", "main"}));
}

TEST(DowntimeTest, KnowsItsTypesByTheirNames) {
  for (const std::string_view name :
       {"Accident", "Maintenance", "InfrastructureMaintenance", "InfrastructureAccident"}) {
    ASSERT_TRUE(downtime_type_of(name)) << name;
    EXPECT_EQ(text(*downtime_type_of(name)), name);
  }
  EXPECT_FALSE(downtime_type_of("maintenance"));
}

TEST(DowntimeTest, HasDatesInTwoForms) {
  EXPECT_EQ(*parse_date("1603180800"), at(1'603'180'800));
  EXPECT_EQ(*parse_date("2020-10-20T11:00:00+03:00"), at(1'603'180'800));
  EXPECT_EQ(*parse_date("4102444800"), at(4'102'444'800));  // Beyond 32 bits.
  EXPECT_EQ(*parse_date("1970-01-01T00:00:00Z"), at(0));
  for (const std::string_view bad : {"", "tomorrow", "-5", "1603180800 ", "99999999999999999999",
                                     "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00"}) {
    EXPECT_FALSE(parse_date(bad)) << bad;
  }
}

TEST(PublicStatusTest, IsUpmeters) {
  using enum PublicStatus;
  EXPECT_EQ(public_status({.timers = {.up = seconds(30)}}), kOperational);
  EXPECT_EQ(public_status({.timers = {.unknown = seconds(30)}}), kOperational);
  EXPECT_EQ(public_status({.timers = {.down = seconds(30)}}), kOutage);
  EXPECT_EQ(public_status({.timers = {.up = seconds(29), .down = seconds(1)}}), kDegraded);
  EXPECT_EQ(public_status({.nodata = seconds(30)}), kNoData);
  EXPECT_EQ(join(kNoData, kOutage), kOutage);
  EXPECT_EQ(join(kOutage, kNoData), kOutage);
  EXPECT_EQ(join(kOutage, kOutage), kOutage);
  EXPECT_EQ(join(kOutage, kOperational), kDegraded);
  EXPECT_EQ(join(kNoData, kNoData), kNoData);
  EXPECT_DOUBLE_EQ(*public_availability(
                       {.timers = {.up = seconds(10), .down = seconds(5), .unknown = seconds(5)}}),
                   0.75);
  EXPECT_EQ(public_availability({.nodata = seconds(30)}), std::nullopt);
}

}  // namespace
}  // namespace meshcheck::sla
