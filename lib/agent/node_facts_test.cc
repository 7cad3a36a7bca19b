#include "lib/agent/node_facts.h"

#include <gtest/gtest.h>

namespace meshcheck::agent {
namespace {

TEST(NodeFactsTest, TakesTheWholeSecondsOfTheUptime) {
  EXPECT_EQ(parse_uptime("888.999 333.222")->count(), 888);
  EXPECT_EQ(parse_uptime("7")->count(), 7);
}

TEST(NodeFactsTest, RefusesWhatIsNoUptime) {
  for (const auto* text : {"", "x", "-1.0", "12x", "99999999999999999999.0"}) {
    EXPECT_FALSE(parse_uptime(text)) << text;
  }
}

TEST(NodeFactsTest, ReadsACount) {
  EXPECT_EQ(*parse_count("262144\n"), 262144U);
  EXPECT_FALSE(parse_count("1.5"));
}

TEST(NodeFactsTest, ReadsTheKernelsOwnFiles) {
  EXPECT_GT(read_uptime()->count(), 0);
  EXPECT_EQ(read_boot_id().size(), 36U);
}

}  // namespace
}  // namespace meshcheck::agent
