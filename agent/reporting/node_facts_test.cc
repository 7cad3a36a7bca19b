#include "agent/reporting/node_facts.h"

#include <gtest/gtest.h>

#include <fstream>

#include "lib/testing/network_namespace.h"

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

TEST(NodeFactsTest, ReadsHowItsOwnNetworkTreatsSizes) {
  netlink::in_network_namespace([] {
    std::ofstream("/proc/sys/net/ipv4/ip_no_pmtu_disc") << 3;
    std::ofstream("/proc/sys/net/ipv4/tcp_mtu_probing") << 1;
    EXPECT_EQ(read_mtu_settings().ip_no_pmtu_disc, 3U);
    EXPECT_EQ(read_mtu_settings().tcp_mtu_probing, 1U);
    std::ofstream("/proc/sys/net/ipv4/ip_no_pmtu_disc") << 0;
    EXPECT_EQ(read_mtu_settings().ip_no_pmtu_disc, 0U);
  });
}

TEST(NodeFactsTest, ReadsTheKernelsOwnFiles) {
  EXPECT_GT(read_uptime()->count(), 0);
  EXPECT_EQ(read_boot_id().size(), 36U);
}

}  // namespace
}  // namespace meshcheck::agent
