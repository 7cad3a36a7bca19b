#include "mesh/assignment/peer_address.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meshcheck::mesh {
namespace {

IpAddress address(const std::string& text) {
  return IpAddress::parse(text).value();
}

TEST(PeerAddressTest, TakesWhatCanBeAHost) {
  for (const char* text : {"10.0.0.1", "192.168.1.255", "8.8.8.8", "100.64.0.1", "169.253.0.1",
                           "fd00::1", "2001:db8::1", "fd00:ec2::255", "127.0.0.1", "::1"}) {
    EXPECT_TRUE(may_be_peer(address(text))) << text;
  }
}

TEST(PeerAddressTest, TakesNothingThatIsNoHostOfItsOwn) {
  for (const char* text :
       {"0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "224.0.0.1", "239.1.2.3",
        "240.0.0.1", "255.255.255.255", "::", "::2", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "::10.0.0.1", "ff02::1", "fe80::1", "febf::1", "fd00:ec2::254"}) {
    EXPECT_FALSE(may_be_peer(address(text))) << text;
  }
}

TEST(PeerAddressTest, LetsOnlyAnAgentOnLoopbackProbeLoopback) {
  const std::vector<IpAddress> away = {address("10.0.0.1"), address("fd00::1")};
  const std::vector<IpAddress> local = {address("127.0.0.2"), address("fd00::1")};
  for (const char* text : {"127.0.0.1", "::1"}) {
    EXPECT_FALSE(may_probe(away, address(text)));
    EXPECT_FALSE(may_probe({}, address(text)));
    EXPECT_TRUE(may_probe(local, address(text)));
  }
  EXPECT_TRUE(may_probe({}, address("10.0.0.2")));
  EXPECT_FALSE(may_probe(local, address("fe80::1")));
}

TEST(PeerAddressTest, TakesNoPortOfAService) {
  EXPECT_FALSE(may_be_peer_port(0));
  EXPECT_FALSE(may_be_peer_port(53));
  EXPECT_FALSE(may_be_peer_port(1023));
  EXPECT_TRUE(may_be_peer_port(1024));
  EXPECT_TRUE(may_be_peer_port(8862));
}

}  // namespace
}  // namespace meshcheck::mesh
