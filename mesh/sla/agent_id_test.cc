#include "mesh/sla/agent_id.h"

#include <gtest/gtest.h>

namespace meshcheck::sla {
namespace {

TEST(AgentIdTest, IsWhatUpmeterMakesOfTheNodesName) {
  EXPECT_EQ(agent_id(""), "35d78cbb");
  EXPECT_EQ(agent_id("master-0"), "7d2d90cf");
  EXPECT_EQ(agent_id("kube-master-1"), "57fb8ddf");
}

TEST(AgentIdTest, HasNoLeadingZeros) {
  bool short_one = false;
  for (int i = 0; i < 200; ++i) {
    const std::string id = agent_id("node-" + std::to_string(i));
    EXPECT_NE(id.front(), '0');
    short_one = short_one || id.size() < 8;
  }
  EXPECT_TRUE(short_one);
}

}  // namespace
}  // namespace meshcheck::sla
