#include "lib/netlink/offloads.h"

#include <gtest/gtest.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "lib/netlink/snapshot.h"
#include "lib/testing/network_namespace.h"

namespace meshcheck::netlink {
namespace {

// As `ethtool -K` does.
bool set_flag(const char* link_name, std::uint32_t command, bool on) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  ethtool_value value{.cmd = command, .data = on ? 1U : 0U};
  ifreq request{};
  std::strncpy(request.ifr_name, link_name, sizeof request.ifr_name - 1);
  request.ifr_data = reinterpret_cast<char*>(&value);
  const bool done = ioctl(socket, SIOCETHTOOL, &request) == 0;
  close(socket);
  return done;
}

void make_wire() {
  ASSERT_TRUE(ip("link add wire0 type veth peer name wire1"));
  ASSERT_TRUE(ip("link set wire0 up"));
}

Offloads offloads_of(const char* link_name) {
  Snapshot snapshot = *Snapshot::take({});
  read_offloads(snapshot.links);
  return snapshot.link(link_name)->offloads;
}

TEST(OffloadsTest, AreThoseThatTheAdministratorSet) {
  in_network_namespace([] {
    make_wire();
    ASSERT_TRUE(ip("link set wire1 up"));
    ASSERT_TRUE(set_flag("wire0", ETHTOOL_STSO, true));
    ASSERT_TRUE(set_flag("wire0", ETHTOOL_SGSO, true));
    ASSERT_TRUE(set_flag("wire0", ETHTOOL_SGRO, true));
    EXPECT_EQ(offloads_of("wire0"), (Offloads{.tso = true, .gso = true, .gro = true}));
    ASSERT_TRUE(set_flag("wire0", ETHTOOL_SGRO, false));
    EXPECT_EQ(offloads_of("wire0"), (Offloads{.tso = true, .gso = true, .gro = false}));
    ASSERT_TRUE(set_flag("wire0", ETHTOOL_STSO, false));
    EXPECT_EQ(offloads_of("wire0"), (Offloads{.tso = false, .gso = true, .gro = false}));
    ASSERT_TRUE(set_flag("wire0", ETHTOOL_SGSO, false));
    EXPECT_EQ(offloads_of("wire0"), (Offloads{.tso = false, .gso = false, .gro = false}));
  });
}

TEST(OffloadsTest, AreNotKnownOfALinkThatDoesNotRunOrIsGone) {
  in_network_namespace([] {
    make_wire();
    EXPECT_EQ(offloads_of("wire0"), Offloads());
    EXPECT_EQ(offloads_of("wire1"), Offloads());
    std::vector<Link> gone(2);
    gone[0].name = "wire7";
    gone[1].name = "a-name-that-no-link-can-have";
    gone[0].running = gone[1].running = true;
    read_offloads(gone);
    EXPECT_EQ(gone[0].offloads, Offloads());
    EXPECT_EQ(gone[1].offloads, Offloads());
  });
}

}  // namespace
}  // namespace meshcheck::netlink
