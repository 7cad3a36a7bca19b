#include "server/agents/roster.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

using Names = std::vector<std::string>;
using Refusal = Roster::Refusal;

class RosterTest : public testing::Test {
 protected:
  static Inventory inventory(const Names& names) {
    Inventory inventory;
    for (const std::string& name : names) {
      Inventory::Entry entry;
      entry.name = name;
      inventory.agents.push_back(entry);
    }
    return inventory;
  }

  // Those that have not reported and should have.
  Names absent() const {
    Names names;
    roster_.visit(now_, [&](const Inventory::Entry& entry, const HeldAgent* agent) {
      if (agent == nullptr) names.push_back(entry.name);
    });
    return names;
  }

  const Clock::time_point now_{100h};
  Roster roster_;
};

TEST_F(RosterTest, LetsEverybodyInWithoutAnInventory) {
  EXPECT_FALSE(roster_.admit("a", "n", now_, "uid"));
  EXPECT_TRUE(roster_.keeps("a"));
  EXPECT_FALSE(roster_.names("a"));
  EXPECT_TRUE(absent().empty());
}

TEST_F(RosterTest, MissesThoseWithoutASeatInTheInventorysOrder) {
  roster_.set_inventory(inventory({"z", "a", "m"}));
  const HeldAgent agent;
  roster_.seat("a", agent);
  roster_.seat("stranger", agent);
  EXPECT_EQ(absent(), (Names{"z", "m"}));
  EXPECT_EQ(roster_.seated(), 1U);
  roster_.unseat("a");
  EXPECT_EQ(absent(), (Names{"z", "a", "m"}));
}

TEST_F(RosterTest, EmptiesThePlacesWithAnotherInventory) {
  roster_.set_inventory(inventory({"a"}));
  const HeldAgent agent;
  roster_.seat("a", agent);
  roster_.set_inventory(inventory({"a", "b"}));
  EXPECT_EQ(roster_.seated(), 0U);
  EXPECT_TRUE(roster_.keeps("a"));
}

TEST_F(RosterTest, AwaitsAPlaceUntilItIsDue) {
  Inventory pending = inventory({"a"});
  pending.agents[0].due = now_ + 1s;
  roster_.set_inventory(std::move(pending));
  EXPECT_EQ(roster_.awaited(now_), 1U);
  EXPECT_TRUE(absent().empty());
  EXPECT_EQ(roster_.awaited(now_ + 1s), 0U);
}

TEST_F(RosterTest, ChangesNothingByARefusal) {
  roster_.set_inventory(inventory({"a"}));
  EXPECT_EQ(roster_.admit("b", "n", now_, std::nullopt), Refusal::kNotInInventory);
  EXPECT_FALSE(roster_.keeps("b"));
  Inventory patient = inventory({"a"});
  patient.newcomer_patience = 60s;
  patient.leaving = {"c"};
  roster_.set_inventory(std::move(patient));
  EXPECT_FALSE(roster_.admit("b", "n", now_, std::nullopt));
  EXPECT_EQ(roster_.admit("b", "n", now_ + 61s, std::nullopt), Refusal::kNotListed);
  EXPECT_TRUE(roster_.keeps("b")) << "it is known, and the table removes it";
  EXPECT_EQ(roster_.admit("c", "n", now_, std::nullopt), Refusal::kLeaving);
}

TEST_F(RosterTest, KeepsNothingOfAnotherPodOfTheName) {
  Inventory first = inventory({"a"});
  first.agents[0].uid = "1";
  roster_.set_inventory(first);
  EXPECT_EQ(roster_.admit("a", "n", now_, "2"), Refusal::kOtherPod);
  Inventory second = inventory({"a"});
  second.agents[0].uid = "2";
  roster_.set_inventory(second);
  EXPECT_FALSE(roster_.keeps("a"));
  EXPECT_FALSE(roster_.admit("a", "n", now_, "2"));
  roster_.set_inventory(second);
  EXPECT_TRUE(roster_.keeps("a"));
}

TEST_F(RosterTest, KnowsTheAddressesOfThePodThatItLists) {
  Inventory inventory;
  inventory.agents.push_back(
      {.name = "a", .uid = "1", .addresses = {*IpAddress::parse("10.0.0.1")}});
  roster_.set_inventory(inventory);
  EXPECT_EQ(roster_.addresses_of("a", "1"), inventory.agents[0].addresses);
  EXPECT_TRUE(roster_.addresses_of("a", "2").empty());
  EXPECT_TRUE(roster_.addresses_of("b", "1").empty());
  roster_.set_inventory(std::nullopt);
  EXPECT_TRUE(roster_.addresses_of("a", "1").empty());
}

}  // namespace
}  // namespace meshcheck::server
