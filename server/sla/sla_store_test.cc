#include "server/sla/sla_store.h"

#include <gtest/gtest.h>

#include "server/store/schema.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;
using sla::Timers;

const sla::ProbeRef kDns{"synthetic", "dns"};
const sla::Seconds kNoon{1'795'262'400s};

class SlaStoreTest : public testing::Test {
 protected:
  SlaStoreTest() { EXPECT_TRUE(update_schema(database_)); }

  SlaHistories read(sla::DayNumber from, sla::DayNumber to, bool rollups) {
    SlaSelection selection{.from = from, .to = to};
    selection.wants_rollups = [rollups](const sla::ProbeRef&, sla::DayNumber) { return rollups; };
    SlaHistories histories;
    const auto done = read_histories(database_, selection, histories);
    EXPECT_TRUE(done && *done == SlaReading::kDone);
    return histories;
  }

  OnUnreadable count() {
    return [this](const Error& error) { unreadable_.push_back(error.message()); };
  }

  std::vector<std::string> unreadable_;
  store::Connection database_ = *store::Connection::open(":memory:");
};

TEST_F(SlaStoreTest, GivesBackEpisodesAndTheirRollup) {
  const sla::SlaChanges changes{
      .episodes = {{.ref = kDns, .start = kNoon, .timers = {29s, 1s, 0s}}}};
  ASSERT_TRUE(write_episodes(database_, changes));
  ASSERT_TRUE(write_episodes(database_, changes));
  sla::SlaTable table({});
  ASSERT_TRUE(read_sla(database_, table, kNoon + 60s, count()));
  EXPECT_EQ(table.last_episodes(kNoon + 30s).at(kDns)[1], (Timers{29s, 1s, 0s}));
  EXPECT_EQ(table.histories({}, {}, {}).at(kDns).at(sla::day_of(kNoon)).sum, (Timers{29s, 1s, 0s}));
}

TEST_F(SlaStoreTest, TakesNoCountBelowZero) {
  ASSERT_TRUE(write_episodes(
      database_, {.episodes = {{.ref = kDns, .start = kNoon, .timers = {30s, 0s, 0s}}}}));
  ASSERT_TRUE(database_.exec("UPDATE sla_probe SET down_total_ms = -5"));
  sla::SlaTable table({});
  ASSERT_TRUE(read_sla(database_, table, kNoon + 60s, count()));
  table.visit_probes(
      [](const sla::SlaTable::ProbeView& probe) { EXPECT_EQ(probe.down.count(), 0); });
}

TEST_F(SlaStoreTest, ErasesAProbeAndNoOther) {
  const sla::ProbeRef http{"synthetic", "http"};
  const sla::SlaChanges changes{
      .episodes = {{.ref = kDns, .start = kNoon, .timers = {30s, 0s, 0s}},
                   {.ref = http, .start = kNoon, .timers = {30s, 0s, 0s}}}};
  ASSERT_TRUE(write_episodes(database_, changes));
  ASSERT_TRUE(write_days(database_, {{kDns, sla::day_of(kNoon), sla::Day()}}, {}));
  ASSERT_TRUE(erase_probe(database_, kDns));
  sla::SlaTable table({});
  ASSERT_TRUE(read_sla(database_, table, kNoon + 60s, count()));
  EXPECT_EQ(table.probes(), std::vector{http});
  const auto again = erase_probe(database_, kDns);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind(), Error::Kind::kNotFound);
}

TEST_F(SlaStoreTest, ErasesAllEpisodesOfAProbeWithoutReadingThoseOfOthers) {
  const sla::ProbeRef http{"synthetic", "http"};
  sla::SlaChanges changes;
  // One is as old as a wrong clock makes it.
  for (const auto start : {sla::Seconds(0s), kNoon, kNoon + 30s, kNoon + 90s}) {
    for (const sla::ProbeRef& ref : {kDns, http}) {
      changes.episodes.push_back({.ref = ref, .start = start, .timers = {30s, 0s, 0s}});
    }
  }
  ASSERT_TRUE(write_episodes(database_, changes));
  auto plan = database_.prepare("EXPLAIN QUERY PLAN " + std::string(kEraseEpisodes));
  ASSERT_TRUE(plan) << plan.error().message();
  for (auto row = plan->step(); row && *row; row = plan->step()) {
    EXPECT_EQ(plan->text(3).find("SCAN sla_episode"), std::string_view::npos) << plan->text(3);
  }
  ASSERT_TRUE(erase_probe(database_, kDns));
  auto left = database_.prepare("SELECT count(*), count(DISTINCT probe) FROM sla_episode");
  ASSERT_TRUE(left);
  ASSERT_TRUE(left->step());
  EXPECT_EQ(left->int64(0), 4);
  EXPECT_EQ(left->int64(1), 1);
}

TEST_F(SlaStoreTest, GivesBackDaysWithTheirRollupsWhereTheyAreWanted) {
  sla::Day day;
  day.at(kNoon) = {200s, 100s, 0s};
  const sla::DayNumber number = sla::day_of(kNoon);
  ASSERT_TRUE(write_days(database_, {{kDns, number, day}, {kDns, number + 1, day}}, {}));
  auto sums = read(number, number + 1, false);
  ASSERT_EQ(sums.at(kDns).size(), 1U);
  EXPECT_EQ(sums.at(kDns).at(number).sum, (Timers{200s, 100s, 0s}));
  EXPECT_TRUE(sums.at(kDns).at(number).rollups.empty());
  auto rollups = read(number, number + 2, true);
  const sla::KnownDay& known = rollups.at(kDns).at(number + 1);
  EXPECT_EQ(known.rollups, std::vector(day.rollups.begin(), day.rollups.end()));
  EXPECT_TRUE(read(number + 2, number + 9, true).empty());
}

TEST_F(SlaStoreTest, DropsWhatIsTooOld) {
  const sla::DayNumber number = sla::day_of(kNoon);
  ASSERT_TRUE(write_episodes(database_, {.episodes = {{.ref = kDns, .start = kNoon}}}));
  ASSERT_TRUE(write_days(database_, {{kDns, number, {}}, {kDns, number + 1, {}}},
                         {.episode = kNoon + 30s, .day = number + 1}));
  EXPECT_EQ(read(0, number + 9, false).at(kDns).size(), 1U);
  sla::SlaTable table({});
  ASSERT_TRUE(read_sla(database_, table, kNoon + 60s, count()));
  EXPECT_EQ(table.last_episodes(kNoon + 30s).at(kDns)[1], Timers());
}

TEST_F(SlaStoreTest, SaysWhenMoreIsAskedForThanMayBeRead) {
  const sla::DayNumber number = sla::day_of(kNoon);
  ASSERT_TRUE(write_days(database_, {{kDns, number, {}}, {kDns, number + 1, {}}}, {}));
  const auto read_at_most = [&](std::size_t days, std::size_t rollups) {
    SlaSelection selection{
        .from = number, .to = number + 2, .days_max = days, .rollups_max = rollups};
    selection.wants_rollups = [](const sla::ProbeRef&, sla::DayNumber) { return true; };
    SlaHistories histories;
    return *read_histories(database_, selection, histories);
  };
  EXPECT_EQ(read_at_most(1, 2), SlaReading::kTooManyDays);
  EXPECT_EQ(read_at_most(2, 1), SlaReading::kTooManyRollups);
  EXPECT_EQ(read_at_most(2, 2), SlaReading::kDone);
}

TEST_F(SlaStoreTest, KeepsDowntimes) {
  const sla::Downtime downtime{.uid = "u",
                               .name = "n",
                               .type = sla::DowntimeType::kAccident,
                               .start = kNoon,
                               .end = kNoon + 1h,
                               .description = "it \"broke\"",
                               .affected = {"synthetic", "a/b"}};
  ASSERT_TRUE(write_downtime(database_, downtime));
  EXPECT_EQ(*read_downtimes(database_, count()), std::vector{downtime});
  ASSERT_TRUE(erase_downtime(database_, "u"));
  EXPECT_TRUE(read_downtimes(database_, count())->empty());
}

TEST_F(SlaStoreTest, LeavesOutRowsThatCannotBeMadeOut) {
  const sla::DayNumber number = sla::day_of(kNoon);
  ASSERT_TRUE(write_days(database_, {{kDns, number, {}}, {kDns, number + 1, {}}}, {}));
  ASSERT_TRUE(write_downtime(database_, {.uid = "good"}));
  ASSERT_TRUE(write_downtime(database_, {.uid = "bad"}));
  ASSERT_TRUE(database_.exec("UPDATE downtime SET item = '[[[' WHERE uid = 'bad'"));
  ASSERT_TRUE(database_.exec("UPDATE sla_day SET rollups = x'ff'"));
  const auto downtimes = read_downtimes(database_, count());
  ASSERT_TRUE(downtimes);
  ASSERT_EQ(downtimes->size(), 1U);
  EXPECT_EQ(downtimes->front().uid, "good");
  EXPECT_EQ(unreadable_, std::vector<std::string>{"downtime bad: an object is wanted"});
  sla::SlaTable table({});
  ASSERT_TRUE(read_sla(database_, table, kNoon + 60s, count()));
  ASSERT_EQ(unreadable_.size(), 3U) << "two days besides";
  EXPECT_EQ(unreadable_[1].substr(0, 14), "synthetic/dns:");
}

}  // namespace
}  // namespace meshcheck::server
