#include "server/agents/agent_table.h"

#include <gtest/gtest.h>

#include "lib/metrics/text_writer.h"
#include "server/agents/agent_metrics.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;
using Outcome = AgentTable::Outcome;

// A table, and a clock that the test moves.
class AgentTableTest : public testing::Test {
 protected:
  static mesh::Record record(const std::string& name, const std::string& node = "n",
                             std::int64_t interval = 5) {
    mesh::Record record;
    record.podname = name;
    record.nodename = node;
    record.report_interval = interval;
    record.json_head = "{\"podname\":\"" + name + "\",\"last_updated\":";
    record.json_tail = "}";
    return record;
  }

  void pass(std::chrono::milliseconds time) {
    now_.wall += time;
    now_.steady += time;
  }

  Outcome report(const std::string& name, const std::string& node = "n") {
    return table_.report(record(name, node), now_);
  }

  std::string metrics() const {
    metrics::TextWriter writer;
    write_netchecker_metrics(table_, writer);
    return writer.take();
  }

  Now now_{.wall = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21),
           .steady = Clock::time_point(100h)};
  AgentTable table_{{.agents_max = 3, .outdated_factor = 2, .memory = 1h}};
};

TEST_F(AgentTableTest, ExpectsWhoeverReportedLately) {
  EXPECT_FALSE(table_.check(now_).ok());
  EXPECT_EQ(table_.check(now_).expected, 0U);
  report("b", "node-b");
  report("a", "node-a");
  EXPECT_TRUE(table_.check(now_).ok());
  EXPECT_EQ(table_.check(now_).expected, 2U);
  pass(10s);
  EXPECT_TRUE(table_.check(now_).ok()) << "twice the interval is not more than that";
  pass(1ms);
  EXPECT_EQ(table_.check(now_).outdated, (Names{"a", "b"}));
  report("a", "node-a");
  EXPECT_EQ(table_.check(now_).outdated, Names{"b"});
  pass(1h);
  EXPECT_EQ(table_.check(now_).expected, 1U) << "b is forgotten after an hour";
}

TEST_F(AgentTableTest, FollowsTheInventoryInItsOrder) {
  report("stray");
  table_.set_inventory(Inventory{{{"z", "node-1"}, {"a", ""}, {"m", ""}}});
  EXPECT_FALSE(table_.record_of("stray"));
  EXPECT_EQ(report("stray"), Outcome::kNotInInventory);
  EXPECT_EQ(table_.check(now_).absent, (Names{"z", "a", "m"}));
  report("m");
  report("a");
  pass(11s);
  report("m");
  const Check check = table_.check(now_);
  EXPECT_EQ(check.expected, 3U);
  EXPECT_EQ(check.absent, Names{"z"});
  EXPECT_EQ(check.outdated, Names{"a"});
  pass(2h);
  table_.count_missed_reports(now_);
  EXPECT_EQ(table_.check(now_).outdated, (Names{"a", "m"})) << "an expected agent is remembered";
  table_.set_inventory(Inventory{{{"m", ""}}});
  report("m");
  EXPECT_TRUE(table_.check(now_).ok());
}

TEST_F(AgentTableTest, NamesWhoLosesLargePacketsWhileFresh) {
  const auto unpadded = [this] {
    Names names;
    for (const Check::Unpadded& agent : table_.check(now_).unpadded) names.push_back(agent.name);
    return names;
  };
  table_.set_inventory(Inventory{{{"z", ""}, {"m", ""}, {"a", ""}}});
  table_.report(record("z", "node-z"), now_, {.to_server = true});
  table_.report(record("m", "node-m"), now_, {});
  table_.report(record("a", "node-a"), now_, {.from_server = true});
  EXPECT_EQ(unpadded(), (Names{"a", "z"})) << "by name";
  EXPECT_TRUE(table_.check(now_).unpadded.at(0).loss.from_server);
  EXPECT_FALSE(table_.check(now_).unpadded.at(0).loss.to_server);
  EXPECT_TRUE(table_.check(now_).all_report());
  EXPECT_FALSE(table_.check(now_).ok());
  EXPECT_EQ(table_.rows(now_, 9).front().state, AgentTable::Row::State::kUnpadded);
  pass(11s);
  EXPECT_EQ(unpadded(), Names{}) << "outdated is worse";
  EXPECT_EQ(table_.check(now_).outdated.size(), 3U);
  for (const auto* name : {"z", "m", "a"}) report(name, std::string("node-") + name);
  EXPECT_TRUE(table_.check(now_).ok());
}

TEST_F(AgentTableTest, TakesTheLossFromTheReport) {
  mesh::MeshReport mesh;
  EXPECT_FALSE(mesh::LargeLoss::of(mesh).any());
  mesh.padding.lost_for = 0ms;
  EXPECT_TRUE(mesh::LargeLoss::of(mesh).to_server);
  EXPECT_FALSE(mesh::LargeLoss::of(mesh).from_server);
  mesh.padded_answer.lost_for = 0ms;
  EXPECT_TRUE(mesh::LargeLoss::of(mesh).from_server);
}

TEST_F(AgentTableTest, KeepsTheLastRecordSortedByName) {
  EXPECT_EQ(table_.all_records(), "{}");
  report("b");
  report("a");
  EXPECT_EQ(table_.record_of("b"), R"({"podname":"b","last_updated":"2026-11-21T00:00:00Z"})");
  EXPECT_EQ(table_.all_records(), R"({"a":{"podname":"a","last_updated":"2026-11-21T00:00:00Z"},)"
                                  R"("b":{"podname":"b","last_updated":"2026-11-21T00:00:00Z"}})");
  EXPECT_FALSE(table_.record_of("c"));
}

TEST_F(AgentTableTest, RefusesNewAgentsWhenFullButNotKnownOnes) {
  report("a");
  report("b");
  report("c");
  EXPECT_EQ(report("d"), Outcome::kFull);
  EXPECT_EQ(report("a"), Outcome::kStored);
  EXPECT_TRUE(table_.remove("b"));
  EXPECT_FALSE(table_.remove("b"));
  EXPECT_EQ(report("d"), Outcome::kStored);
  EXPECT_EQ(table_.counts().refused_full, 1U);
}

TEST_F(AgentTableTest, CountsMissedReportsAsNetcheckerDoes) {
  report("a");
  const auto errors = [this] {
    table_.count_missed_reports(now_);
    const std::string text = metrics();
    const std::string series = "ncagent_error_count_total{agent=\"n-private_network\"} ";
    return text.substr(text.find(series) + series.size(), 1);
  };
  pass(9999ms);
  EXPECT_EQ(errors(), "0");
  pass(1ms);
  EXPECT_EQ(errors(), "1");
  EXPECT_EQ(errors(), "1");
  pass(5s);
  EXPECT_EQ(errors(), "2");
  report("a");
  pass(9s);
  EXPECT_EQ(errors(), "2");
}

TEST_F(AgentTableTest, LetsARestartedPodGoOnWithItsNodesSeries) {
  report("netchecker-agent-1", "node");
  report("netchecker-agent-hostnet-1", "node");
  report("netchecker-agent-2", "node");
  EXPECT_NE(metrics().find("ncagent_report_count_total{agent=\"node-private_network\"} 2\n"),
            std::string::npos);
  EXPECT_NE(metrics().find("ncagent_report_count_total{agent=\"node-host_network\"} 1\n"),
            std::string::npos);
  table_.remove("netchecker-agent-1");
  EXPECT_NE(metrics().find("node-private_network"), std::string::npos);
  table_.remove("netchecker-agent-2");
  EXPECT_EQ(metrics().find("node-private_network"), std::string::npos);
}

TEST_F(AgentTableTest, ShowsTheLastOfSeveralProbesOfOneUrl) {
  mesh::Record twice = record("a");
  for (const std::int64_t total : {1, 2}) twice.probes.push_back({.url = "u", .total_ms = total});
  table_.report(std::move(twice), now_);
  const std::string text = metrics();
  const std::string sample =
      "ncagent_http_probe_total_time_ms{agent=\"n-private_network\",url=\"u\"} ";
  EXPECT_NE(text.find(sample + "2\n"), std::string::npos) << text;
  EXPECT_EQ(text.find(sample), text.rfind(sample)) << text;
}

TEST_F(AgentTableTest, ForgetsAPodThatAnotherOnItsNodeReplaced) {
  report("netchecker-agent-old", "node");
  report("netchecker-agent-lone", "other");
  pass(5s);
  report("netchecker-agent-new", "node");
  pass(6s);
  report("netchecker-agent-new", "node");
  EXPECT_EQ(table_.check(now_).expected, 2U);
  EXPECT_EQ(table_.check(now_).outdated, Names{"netchecker-agent-lone"});
  table_.count_missed_reports(now_);
  EXPECT_FALSE(table_.record_of("netchecker-agent-old"));
  EXPECT_TRUE(table_.record_of("netchecker-agent-lone"));
}

TEST_F(AgentTableTest, KeepsAgentsApartThatDoNotSayTheirNode) {
  report("a", "");
  pass(11s);
  report("b", "");
  EXPECT_EQ(table_.check(now_).outdated, Names{"a"});
}

TEST_F(AgentTableTest, HandsOutEachChangeOnceAndAgainAfterAFailure) {
  report("a");
  report("b");
  Changes changes = table_.take_changes(10);
  EXPECT_EQ(changes.agents.size(), 2U);
  ASSERT_EQ(changes.series.size(), 1U);
  EXPECT_EQ(changes.series[0].reports, 2U);
  EXPECT_TRUE(table_.take_changes(10).empty());
  table_.put_back();
  EXPECT_EQ(table_.take_changes(1).agents.size(), 1U);
  EXPECT_EQ(table_.take_changes(10).agents.size(), 1U);
  table_.remove("a");
  changes = table_.take_changes(10);
  ASSERT_EQ(changes.agents.size(), 1U);
  EXPECT_EQ(changes.agents[0].name, "a");
  EXPECT_FALSE(changes.agents[0].record);
  EXPECT_TRUE(changes.series.empty());
}

TEST_F(AgentTableTest, GoesOnAfterARestartWhereItWas) {
  table_.restore_agent(record("a"), 3, now_.wall - 8s, now_);
  table_.restore_series("n-private_network", 40, 4);
  table_.restore_series("gone-private_network", 1, 1);
  EXPECT_TRUE(table_.check(now_).ok());
  EXPECT_NE(metrics().find("ncagent_report_count_total{agent=\"n-private_network\"} 40\n"),
            std::string::npos);
  EXPECT_EQ(metrics().find("gone"), std::string::npos);
  pass(3s);
  EXPECT_EQ(table_.check(now_).outdated, Names{"a"});
  EXPECT_TRUE(table_.take_changes(10).empty());
}

TEST_F(AgentTableTest, IsNotMadeYoungerByAClockThatWasSetBack) {
  table_.restore_agent(record("a"), 0, now_.wall + 1h, now_);
  pass(11s);
  EXPECT_EQ(table_.check(now_).outdated, Names{"a"});
}

TEST_F(AgentTableTest, TellsOnceWhoWasForgotten) {
  report("a");
  report("b");
  table_.remove("a");
  EXPECT_EQ(table_.take_departures(), Names{"a"});
  EXPECT_TRUE(table_.take_departures().empty());
  report("a");
  table_.set_inventory(Inventory{{{"a", ""}}});
  EXPECT_EQ(table_.take_departures(), Names{"b"});
  table_.set_inventory(std::nullopt);
  pass(2h);
  table_.count_missed_reports(now_);
  EXPECT_EQ(table_.take_departures(), Names{"a"});
  EXPECT_EQ(table_.not_held({"a", "b"}), (Names{"a", "b"}));
}

TEST_F(AgentTableTest, ShowsProblemsFirst) {
  table_.set_inventory(Inventory{{{"a", ""}, {"b", ""}, {"c", "node-3"}}});
  report("b");
  pass(11s);
  report("a");
  const auto rows = table_.rows(now_, 10);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].name, "c");
  EXPECT_EQ(rows[0].node, "node-3");
  EXPECT_EQ(rows[1].name, "b");
  EXPECT_EQ(rows[2].name, "a");
  EXPECT_EQ(table_.rows(now_, 2).size(), 2U);
}

// Of a cluster: an entry has a pod's uid, newcomers have time.
class ClusterAgentTableTest : public AgentTableTest {
 protected:
  static Inventory::Entry entry(const std::string& name, const std::string& uid = "1") {
    Inventory::Entry entry;
    entry.name = name;
    entry.uid = uid;
    return entry;
  }
  void expect(std::vector<Inventory::Entry> entries, std::vector<std::string> leaving = {}) {
    Inventory inventory;
    inventory.agents = std::move(entries);
    inventory.leaving = std::move(leaving);
    inventory.newcomer_patience = 120s;
    table_.set_inventory(std::move(inventory));
  }
};

TEST_F(ClusterAgentTableTest, MissesAPodOnlyOnceItIsDue) {
  Inventory::Entry pending = entry("a");
  pending.due = now_.steady + 70s;
  pending.not_running = "Pending, not ready";
  expect({pending});
  EXPECT_EQ(table_.check(now_).expected, 0U);
  EXPECT_EQ(table_.check(now_).awaited, 1U);
  EXPECT_TRUE(table_.rows(now_, 10).empty());
  pass(70s);
  const Check check = table_.check(now_);
  EXPECT_EQ(check.absent, Names{"a"});
  ASSERT_EQ(check.not_running.size(), 1U);
  EXPECT_EQ(check.not_running[0].why, "Pending, not ready");
  report("a");
  EXPECT_TRUE(table_.check(now_).ok());
}

TEST_F(ClusterAgentTableTest, HoldsWhoIsNotListedYetWithoutMissingIt) {
  expect({entry("a")});
  report("a");
  EXPECT_EQ(report("new", "node-b"), Outcome::kStored);
  EXPECT_EQ(table_.counts().unlisted, 1U);
  EXPECT_EQ(table_.check(now_).expected, 1U);
  expect({entry("a")});
  EXPECT_TRUE(table_.record_of("new")) << "another change does not forget it";
  expect({entry("a"), entry("new")});
  EXPECT_TRUE(table_.check(now_).ok());
  EXPECT_EQ(table_.check(now_).expected, 2U);
  EXPECT_EQ(table_.counts().unlisted, 0U);
}

TEST_F(ClusterAgentTableTest, RefusesWhoIsNeverListed) {
  expect({entry("a")});
  EXPECT_EQ(report("stranger"), Outcome::kStored);
  pass(121s);
  EXPECT_EQ(report("stranger"), Outcome::kNotListed);
  EXPECT_FALSE(table_.record_of("stranger"));
  pass(121s);
  EXPECT_EQ(report("stranger"), Outcome::kNotListed) << "it goes on, and so does the refusal";
}

TEST_F(ClusterAgentTableTest, ForgetsAnUnlistedAgentThatIsSilent) {
  expect({entry("a")});
  report("new");
  pass(11s);
  const auto rows = table_.rows(now_, 10);
  EXPECT_EQ(rows.size(), 1U) << "it is never called outdated";
  table_.count_missed_reports(now_);
  EXPECT_FALSE(table_.record_of("new"));
}

TEST_F(ClusterAgentTableTest, LetsAReplacedPodGoWithoutAWord) {
  expect({entry("old")});
  report("old");
  expect({entry("new")}, {"old"});
  EXPECT_FALSE(table_.record_of("old"));
  EXPECT_EQ(table_.take_departures(), Names{"old"});
  EXPECT_EQ(report("old"), Outcome::kLeaving) << "its last report";
  EXPECT_FALSE(table_.record_of("old"));
  EXPECT_EQ(table_.counts().refused_not_in_inventory, 0U);
}

TEST_F(ClusterAgentTableTest, KnowsNothingOfAnotherPodOfTheSameName) {
  expect({entry("a", "1")});
  report("a");
  expect({entry("a", "1")});
  EXPECT_TRUE(table_.record_of("a"));
  expect({entry("a", "2")});
  EXPECT_FALSE(table_.record_of("a"));
  EXPECT_EQ(table_.check(now_).absent, Names{"a"});
}

TEST_F(ClusterAgentTableTest, RefusesAProvenPodThatIsAnother) {
  expect({entry("a", "1")});
  EXPECT_EQ(table_.report(record("a"), now_, {}, "2"), Outcome::kOtherPod);
  EXPECT_EQ(table_.report(record("a"), now_, {}, "1"), Outcome::kStored);
  EXPECT_EQ(table_.report(record("new"), now_, {}, "7"), Outcome::kStored) << "not listed yet";
}

TEST_F(ClusterAgentTableTest, DoesNotMissWhoIsExcused) {
  Inventory::Entry drained = entry("a");
  drained.excused = true;
  expect({drained, entry("b")});
  report("a", "node-a");
  report("b", "node-b");
  EXPECT_EQ(table_.check(now_).expected, 2U);
  pass(11s);
  report("b", "node-b");
  const Check check = table_.check(now_);
  EXPECT_TRUE(check.ok());
  EXPECT_EQ(check.expected, 1U);
  EXPECT_EQ(check.excused, Names{"a"});
}

TEST_F(ClusterAgentTableTest, BelievesReportsWhileNobodyTellsOfPods) {
  expect({entry("old")});
  report("old");
  table_.set_inventory_stale(true);
  pass(11s);
  EXPECT_EQ(table_.check(now_).outdated, Names{"old"});
  EXPECT_EQ(report("new"), Outcome::kStored);
  EXPECT_TRUE(table_.check(now_).outdated.empty()) << "it was replaced on its node";
  for (int i = 0; i < 60; ++i) {
    pass(5s);
    EXPECT_EQ(report("new"), Outcome::kStored);
  }
  table_.set_inventory_stale(false);
  pass(119s);
  EXPECT_EQ(report("new"), Outcome::kStored);
  pass(2s);
  EXPECT_EQ(report("new"), Outcome::kNotListed);
}

}  // namespace
}  // namespace meshcheck::server
