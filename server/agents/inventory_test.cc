#include "server/agents/inventory.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

TEST(InventoryTest, TakesNamesAndMaps) {
  const auto inventory = parse_inventory("agents:\n- a\n- {name: b, node: worker-3}\n- name: c\n");
  ASSERT_TRUE(inventory) << inventory.error().message();
  ASSERT_EQ(inventory->agents.size(), 3U);
  EXPECT_EQ(inventory->agents[0].name, "a");
  EXPECT_EQ(inventory->agents[1].node, "worker-3");
}

TEST(InventoryTest, SaysWhereAndWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "expected a map with the key `agents`"},
      {"agents: []", "`agents` is empty: nobody would be expected"},
      {"agents: a", "line 1: `agents` has to be a list"},
      {"agent: [a]", "line 1: unknown key `agent`; known is `agents`"},
      {"agents:\n- a\n- {nam: b}",
       "line 3: agents: unknown key `nam`; known are `name`, `node` and `zone`"},
      {"agents:\n- a\n- a", "line 3: agents: `a` is there twice"},
      {"agents: [a]\nagents: [b]", "line 2: agents: given twice"},
      {"agents:\n- {node: n}", "line 2: an agent's name is empty"},
      {"agents:\n- a/b", "line 2: an agent's name has a '/'"},
      {"agents:\n- [a]", "line 2: agents: each is a name or a map with `name`, `node` and `zone`"},
      {"agents:\n- {name: [x]}", "line 2: agents: `name` has to be a text"},
      {"agents: [a", "line 1: end of sequence flow not found"},
  };
  for (const auto& [yaml, message] : cases) {
    const auto inventory = parse_inventory(yaml);
    ASSERT_FALSE(inventory) << yaml;
    EXPECT_EQ(inventory.error().message(), message) << yaml;
  }
}

TEST(InventoryTest, NamesAFileThatIsNotThere) {
  EXPECT_EQ(read_inventory("/no/such/file").error().message(),
            "inventory /no/such/file: No such file or directory");
}

TEST(InventoryTest, SaysWhatIsWrongWithAFileThatHoldsNoText) {
  EXPECT_EQ(read_inventory("/dev/null").error().message(),
            "inventory /dev/null: expected a map with the key `agents`");
  EXPECT_EQ(read_inventory("/").error().message(), "inventory /: cannot be read");
  EXPECT_EQ(read_inventory("/dev/zero").error().message(),
            "inventory /dev/zero: larger than 8388608 bytes");
}

}  // namespace
}  // namespace meshcheck::server
