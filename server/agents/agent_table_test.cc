#include "server/agents/agent_table.h"

#include <gtest/gtest.h>

#include "server/agents/agent_table_testing.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

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
  const ConnectivityCheck check = table_.check(now_);
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
    for (const ConnectivityCheck::Unpadded& agent : table_.check(now_).unpadded)
      names.push_back(agent.name);
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
  pass(11s);
  EXPECT_EQ(unpadded(), Names{}) << "outdated is worse";
  EXPECT_EQ(table_.check(now_).outdated.size(), 3U);
  for (const auto* name : {"z", "m", "a"}) report(name, std::string("node-") + name);
  EXPECT_TRUE(table_.check(now_).ok());
}

TEST_F(AgentTableTest, TakesTheLossFromTheReport) {
  mesh::ProbingReport mesh;
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

TEST_F(AgentTableTest, MissesAnAgentWhoseNodeAnotherOneClaimsThatWasThereBefore) {
  report("netchecker-agent-liar", "other");
  report("netchecker-agent-silent", "node");
  pass(11s);
  report("netchecker-agent-liar", "node");
  EXPECT_EQ(table_.check(now_).outdated, Names{"netchecker-agent-silent"});
}

TEST_F(AgentTableTest, DoesNotLetAProvenPodMove) {
  EXPECT_EQ(table_.report(record("a", "here"), now_, {}, "1"), Outcome::kStored);
  EXPECT_EQ(table_.report(record("a", "there"), now_, {}, "1"), Outcome::kOtherNode);
  EXPECT_EQ(table_.report(record("a", "there"), now_, {}, "2"), Outcome::kStored) << "another pod";
}

TEST_F(AgentTableTest, KeepsAgentsApartThatDoNotSayTheirNode) {
  report("a", "");
  pass(11s);
  report("b", "");
  EXPECT_EQ(table_.check(now_).outdated, Names{"a"});
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

}  // namespace
}  // namespace meshcheck::server
