#include "mesh/sla/sla_table.h"

#include <gtest/gtest.h>

#include "lib/metrics/text_writer.h"
#include "server/sla/sla_metrics.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;
using sla::Timers;

const sla::ProbeRef kDns{"synthetic", "dns"};
// 2026-11-21T12:00:00Z
constexpr sla::Seconds kNoon{1'795'262'400s};

sla::Episode episode(sla::Seconds start, Timers timers, sla::ProbeRef ref = kDns) {
  return {.ref = std::move(ref), .start = start, .timers = timers};
}
sla::EpisodeMessage message(std::vector<sla::Episode> episodes, std::string origin = "a") {
  return {.origin = std::move(origin), .episodes = std::move(episodes)};
}
const Timers kUp{30s, 0s, 0s};
const Timers kDown{0s, 30s, 0s};
constexpr std::uint32_t kNoonSlot = kNoon.time_since_epoch() / 30s;

class SlaTableTest : public testing::Test {
 protected:
  SlaTableTest() { table_.advance(kNoon); }

  std::uint64_t take(const std::vector<sla::Episode>& episodes, const std::string& origin = "a") {
    return table_.take(message(episodes, origin), kNoon + 30s);
  }
  Timers rollup_at(sla::Seconds start) {
    auto histories = table_.histories({}, {}, {});
    const sla::DayNumber day = sla::day_of(start);
    const auto index = static_cast<std::size_t>((start - sla::start_of(day)) / sla::kRollupLength);
    return histories.at(kDns).at(day).rollups.at(index);
  }
  std::string metrics() {
    metrics::TextWriter writer;
    write_sla_metrics(table_, writer);
    return writer.take();
  }

  sla::SlaTable table_{{}};
};

TEST_F(SlaTableTest, TakesTheBestOfAllAgentsAndTheSameTwiceAsOnce) {
  const auto first = take({episode(kNoon, kDown)}, "a");
  EXPECT_NE(first, 0U);
  EXPECT_EQ(take({episode(kNoon, kUp)}, "b"), first) << "not taken yet: the same change";
  EXPECT_EQ(take({episode(kNoon, kUp)}, "b"), first) << "nothing new, but not on disk";
  const sla::SlaChanges changes = table_.take_changes(100);
  ASSERT_EQ(changes.episodes.size(), 1U);
  EXPECT_EQ(changes.episodes[0].timers, kUp);
  table_.written(changes);
  EXPECT_EQ(take({episode(kNoon, kUp)}, "b"), 0U) << "on disk already";
  EXPECT_EQ(take({episode(kNoon, kDown)}, "c"), 0U);
  EXPECT_TRUE(table_.take_changes(100).empty());
}

TEST_F(SlaTableTest, HandsOutAgainWhatCouldNotBeWritten) {
  take({episode(kNoon - 30s, kDown)});
  const sla::SlaChanges lost = table_.take_changes(100);
  const auto later = take({episode(kNoon - 30s, kUp), episode(kNoon, kUp)});
  EXPECT_GT(later, lost.last);
  table_.put_back(lost);
  const sla::SlaChanges again = table_.take_changes(100);
  EXPECT_EQ(again.last, later);
  for (const sla::Episode& one : again.episodes) EXPECT_EQ(one.timers, kUp);
  table_.written(again);
  EXPECT_TRUE(table_.take_changes(100).empty());
  EXPECT_EQ(take({episode(kNoon, kUp)}), 0U);
}

TEST_F(SlaTableTest, KeepsWaitingForWhatChangedWhileItWasWritten) {
  take({episode(kNoon, kDown)});
  const sla::SlaChanges first = table_.take_changes(100);
  const auto second = take({episode(kNoon, kUp)});
  table_.written(first);
  EXPECT_GT(second, first.last);
  EXPECT_EQ(take({episode(kNoon, kUp)}), second);
  const sla::SlaChanges rest = table_.take_changes(100);
  ASSERT_EQ(rest.episodes.size(), 1U);
  EXPECT_EQ(rest.episodes[0].timers, kUp);
}

TEST_F(SlaTableTest, HandsOutNoMoreThanItIsAskedFor) {
  for (int i = 0; i < 10; ++i) take({episode(kNoon - i * 30s, kUp)});
  EXPECT_EQ(table_.take_changes(4).episodes.size(), 4U);
  EXPECT_EQ(table_.take_changes(100).episodes.size(), 6U);
}

TEST_F(SlaTableTest, SumsTenEpisodesToARollup) {
  take({episode(kNoon - 300s, kUp), episode(kNoon - 270s, {20s, 10s, 0s})});
  EXPECT_EQ(rollup_at(kNoon - 300s), (Timers{50s, 10s, 0s}));
  EXPECT_EQ(table_.take_days().days.size(), 1U);
  EXPECT_TRUE(table_.take_days().days.empty());
  take({episode(kNoon - 270s, {20s, 10s, 0s})});
  EXPECT_TRUE(table_.take_days().days.empty()) << "nothing changed";
}

TEST_F(SlaTableTest, NeverLosesTimeUpOfARollup) {
  sla::Day day;
  day.at(kNoon) = {250s, 50s, 0s};
  table_.restore(kDns, sla::day_of(kNoon), day);
  take({episode(kNoon, kUp)});
  EXPECT_EQ(rollup_at(kNoon), (Timers{250s, 50s, 0s}));
}

TEST_F(SlaTableTest, MakesTheRollupOfRestoredEpisodesAgain) {
  table_.restore(episode(kNoon - 30s, kUp));
  EXPECT_EQ(rollup_at(kNoon - 300s), (Timers{30s, 0s, 0s}));
  EXPECT_EQ(table_.take_days().days.size(), 1U);
  EXPECT_EQ(take({episode(kNoon - 30s, kUp)}), 0U) << "it is on disk";
}

TEST_F(SlaTableTest, RefusesWhatDoesNotFitAndTakesTheRest) {
  take({episode(kNoon - 24h - 30s, kUp), episode(kNoon + 120s, kUp), episode(kNoon + 1s, kUp),
        episode(kNoon, {20s, 20s, 0s}), episode(kNoon, {-1s, 0s, 0s}), episode(kNoon + 60s, kUp)});
  const sla::SlaTable::Counts& counts = table_.counts();
  EXPECT_EQ(counts.too_old, 1U);
  EXPECT_EQ(counts.in_future, 1U);
  EXPECT_EQ(counts.not_aligned, 1U);
  EXPECT_EQ(counts.not_fitting, 2U);
  EXPECT_EQ(counts.accepted, 1U);
}

TEST_F(SlaTableTest, HoldsNoMoreProbesThanItMay) {
  sla::SlaTable table({.probes_max = 2});
  table.advance(kNoon);
  table.take(message({episode(kNoon, kUp, {"g", "a"}), episode(kNoon, kUp, {"g", "b"}),
                      episode(kNoon, kUp, {"g", "c"})}),
             kNoon + 30s);
  EXPECT_EQ(table.probes().size(), 2U);
  EXPECT_EQ(table.counts().too_many_probes, 1U);
}

TEST_F(SlaTableTest, LetsNoOriginFillTheRoomOfAll) {
  sla::SlaTable table({.probes_max = 400});
  table.advance(kNoon);
  std::vector<sla::Episode> many;
  for (int i = 0; i < 101; ++i) {
    many.push_back(episode(kNoon, kUp, {"made-up", "p" + std::to_string(i)}));
  }
  table.take(message(many, "greedy"), kNoon + 30s);
  EXPECT_EQ(table.probes().size(), 100U);
  EXPECT_EQ(table.counts().too_many_probes, 1U);
  table.take(message({episode(kNoon, kUp)}, "honest"), kNoon + 30s);
  EXPECT_EQ(table.probes().size(), 101U);
}

TEST_F(SlaTableTest, CountsAnAgentsChecksOnce) {
  sla::Episode one = episode(kNoon, kUp);
  one.checks = 6;
  one.successes = 5;
  take({one}, "a");
  take({one}, "a");
  take({one}, "b");
  EXPECT_NE(metrics().find("meshcheck_sla_checks_total{group=\"synthetic\",probe=\"dns\"} 12"),
            std::string::npos);
  EXPECT_NE(metrics().find("meshcheck_sla_successes_total{group=\"synthetic\",probe=\"dns\"} 10"),
            std::string::npos);
}

TEST_F(SlaTableTest, CountsTimeDownOnceItIsSettled) {
  const std::string name =
      "meshcheck_sla_unavailable_seconds_total{group=\"synthetic\",probe=\"dns\"} ";
  take({episode(kNoon, kDown)}, "a");
  EXPECT_NE(metrics().find(name + "0"), std::string::npos);
  take({episode(kNoon, {25s, 5s, 0s})}, "b");
  table_.advance(kNoon + 90s);
  EXPECT_NE(metrics().find(name + "0"), std::string::npos) << "it is not on disk";
  table_.written(table_.take_changes(100));
  EXPECT_NE(metrics().find(name + "5"), std::string::npos);
  EXPECT_NE(metrics().find("meshcheck_sla_up{group=\"synthetic\",probe=\"dns\"} 0"),
            std::string::npos);
  // Late, from a spool.
  take({episode(kNoon - 30s, {20s, 10s, 0s})});
  table_.written(table_.take_changes(100));
  EXPECT_NE(metrics().find(name + "15"), std::string::npos);
  EXPECT_TRUE(table_.take_changes(100).empty());
}

TEST_F(SlaTableTest, GoesOnCountingTimeDownAfterARestart) {
  const std::string name =
      "meshcheck_sla_unavailable_seconds_total{group=\"synthetic\",probe=\"dns\"} ";
  sla::SlaTable next({});
  next.advance(kNoon + 600s);
  next.restore(episode(kNoon, kDown));
  next.restore(episode(kNoon + 30s, {20s, 10s, 0s}));
  // Of the first episode all was counted, and nothing of what came later.
  next.restore({.ref = kDns, .down = 130s, .settled = kNoonSlot + 1});
  next.advance(kNoon + 630s);
  next.written(next.take_changes(100));
  metrics::TextWriter writer;
  write_sla_metrics(next, writer);
  EXPECT_NE(writer.take().find(name + "140"), std::string::npos);
}

TEST_F(SlaTableTest, GoesOnCountingTimeDownOnceAWrongClockIsRightAgain) {
  const std::string name =
      "meshcheck_sla_unavailable_seconds_total{group=\"synthetic\",probe=\"dns\"} ";
  table_.advance(kNoon + 24h * 40);
  table_.advance(kNoon);
  take({episode(kNoon, {10s, 20s, 0s})});
  table_.advance(kNoon + 90s);
  table_.written(table_.take_changes(100));
  EXPECT_NE(metrics().find(name + "20"), std::string::npos) << metrics();
}

TEST_F(SlaTableTest, TakesNoCountOfTheFutureFromBeforeARestart) {
  const std::string name =
      "meshcheck_sla_unavailable_seconds_total{group=\"synthetic\",probe=\"dns\"} ";
  table_.restore({.ref = kDns, .down = 100s, .settled = kNoonSlot + 40 * 2880});
  take({episode(kNoon, {10s, 20s, 0s})});
  table_.advance(kNoon + 90s);
  table_.written(table_.take_changes(100));
  EXPECT_NE(metrics().find(name + "120"), std::string::npos) << metrics();
}

TEST_F(SlaTableTest, DoesNotSayThatItIsUpWhenNobodyKnows) {
  take({episode(kNoon - 600s, kUp)});
  table_.advance(kNoon + 90s);
  EXPECT_NE(metrics().find("meshcheck_sla_up{group=\"synthetic\",probe=\"dns\"} NaN"),
            std::string::npos);
}

TEST_F(SlaTableTest, ForgetsAProbeWithItsLastDay) {
  take({episode(kNoon, kUp)});
  table_.written(table_.take_changes(100));
  table_.advance(kNoon + 30h);
  EXPECT_EQ(table_.probes().size(), 1U) << "its day is not written";
  table_.written(table_.take_days());
  table_.advance(kNoon + 31h);
  EXPECT_EQ(table_.probes().size(), 1U) << "the day may be asked for";
  table_.advance(kNoon + 49h);
  EXPECT_TRUE(table_.probes().empty());
}

TEST_F(SlaTableTest, GivesUpDaysThatCannotBeWrittenForLong) {
  take({episode(kNoon, kUp)});
  table_.advance(kNoon + 24h * 8);
  EXPECT_EQ(table_.probes().size(), 1U);
  table_.advance(kNoon + 24h * 12);
  EXPECT_TRUE(table_.probes().empty());
  EXPECT_NE(metrics().find("meshcheck_sla_histories_lost_total 1"), std::string::npos);
}

TEST_F(SlaTableTest, ErasesAProbeWithAllThatIsToBeWrittenOfIt) {
  const sla::ProbeRef http{"synthetic", "http"};
  take({episode(kNoon, kUp), episode(kNoon, kUp, http)});
  EXPECT_TRUE(table_.erase(kDns));
  EXPECT_FALSE(table_.erase(kDns));
  EXPECT_EQ(table_.probes(), std::vector{http});
  EXPECT_EQ(metrics().find("probe=\"dns\""), std::string::npos);
  const sla::SlaChanges changes = table_.take_changes(100);
  ASSERT_EQ(changes.episodes.size(), 1U);
  EXPECT_EQ(changes.episodes[0].ref, http);
  ASSERT_EQ(table_.take_days().days.size(), 1U);
}

TEST_F(SlaTableTest, ErasingMakesRoomForAnotherOfTheSameOrigin) {
  sla::SlaTable table({.probes_max = 64});
  const auto tell = [&](int number) {
    const auto before = table.counts().accepted;
    const sla::ProbeRef ref{"g", "p" + std::to_string(number)};
    table.take(message({episode(kNoon, kUp, ref)}), kNoon + 30s);
    return table.counts().accepted != before;
  };
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(tell(i));
  EXPECT_FALSE(tell(64));
  EXPECT_TRUE(table.erase({"g", "p0"}));
  EXPECT_TRUE(tell(64));
  EXPECT_FALSE(tell(0));
}

TEST_F(SlaTableTest, KnowsGroupsAndProbes) {
  take({episode(kNoon, kUp)});
  EXPECT_TRUE(table_.knows("synthetic"));
  EXPECT_TRUE(table_.knows("synthetic/dns"));
  EXPECT_FALSE(table_.knows("synth"));
  EXPECT_FALSE(table_.knows("synthetic/http"));
  EXPECT_FALSE(table_.knows("synthetic2"));
  const std::uint64_t version = table_.probes_version();
  EXPECT_TRUE(table_.erase({"synthetic", "dns"}));
  EXPECT_NE(table_.probes_version(), version);
}

TEST_F(SlaTableTest, ShowsTheLastTwoEpisodes) {
  take({episode(kNoon - 60s, kUp), episode(kNoon - 30s, kDown)});
  const auto last = table_.last_episodes(kNoon);
  EXPECT_EQ(last.at(kDns)[0], kUp);
  EXPECT_EQ(last.at(kDns)[1], kDown);
  EXPECT_EQ(table_.last_rollups(kNoon).at(kDns)[0], Timers());
  EXPECT_EQ(table_.last_rollups(kNoon).at(kDns)[1], (Timers{30s, 30s, 0s}));
}

}  // namespace
}  // namespace meshcheck::server
