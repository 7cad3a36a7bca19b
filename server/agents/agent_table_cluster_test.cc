#include <gtest/gtest.h>

#include "server/agents/agent_table_testing.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

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
  pass(70s);
  const ConnectivityCheck check = table_.check(now_);
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

TEST_F(ClusterAgentTableTest, KeepsRoomForThoseWhoAreExpected) {
  expect({entry("a"), entry("b")});
  EXPECT_EQ(report("made-up-1"), Outcome::kStored) << "three may be held";
  EXPECT_EQ(report("made-up-2"), Outcome::kFull);
  EXPECT_EQ(report("a"), Outcome::kStored);
  EXPECT_EQ(report("b"), Outcome::kStored);
  EXPECT_EQ(report("made-up-1"), Outcome::kStored) << "it has its own";
}

TEST_F(ClusterAgentTableTest, ForgetsAnUnlistedAgentThatIsSilent) {
  expect({entry("a")});
  report("new");
  pass(11s);
  EXPECT_TRUE(table_.check(now_).outdated.empty()) << "it is never called outdated";
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

TEST_F(ClusterAgentTableTest, RefusesAProvenPodThatSaysItIsOnAnotherNode) {
  Inventory::Entry listed = entry("a", "1");
  listed.node = "here";
  expect({listed});
  EXPECT_EQ(table_.report(record("a", "there"), now_, {}, "1"), Outcome::kOtherNode);
  EXPECT_EQ(table_.report(record("a", "here"), now_, {}, "1"), Outcome::kStored);
  EXPECT_EQ(table_.report(record("a", ""), now_, {}, "1"), Outcome::kOtherNode) << "it moved";
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
  const ConnectivityCheck check = table_.check(now_);
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
