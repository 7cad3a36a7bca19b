#include "agent/reporting/own_addresses.h"

#include <gtest/gtest.h>

#include "agent/reporting/network_facts.h"
#include "lib/testing/network_namespace.h"

namespace meshcheck::agent {
namespace {

using netlink::in_network_namespace;
using netlink::ip;
using netlink::Link;
using netlink::LinkAddress;
using netlink::Snapshot;
using Origin = OwnAddress::Origin;

IpAddress address(std::string_view text) {
  return *IpAddress::parse(text);
}

// The only one of IPv4, with its origin.
std::string text_of(const Snapshot& snapshot, const RouteSource& route = {}) {
  return text(find_own_addresses(snapshot, {route, RouteSource()}));
}

class OwnAddressesTest : public testing::Test {
 protected:
  OwnAddressesTest() { add_link("lo", "").loopback = true; }

  Link& add_link(const std::string& name, const std::string& kind, const std::string& text = "") {
    Link link;
    link.index = static_cast<std::uint32_t>(snapshot_.links.size() + 1);
    link.name = name;
    link.kind = kind;
    link.running = true;
    snapshot_.links.push_back(link);
    if (!text.empty()) add_address(link.index, text);
    return snapshot_.links.back();
  }
  LinkAddress& add_address(std::uint32_t link, const std::string& text) {
    snapshot_.addresses.push_back(
        {.link_index = link, .address = address(text), .prefix_length = 24});
    return snapshot_.addresses.back();
  }
  void add_default_route(std::uint32_t link) {
    netlink::Route route;
    route.destination = address("0.0.0.0");
    route.next_hops = {{.gateway = address("10.1.1.1"), .link_index = link}};
    snapshot_.routes.push_back(route);
  }
  // What makes the host layer run over the overlay if links go by their order.
  void make_routed_host() {
    add_address(1, "10.9.9.9");
    add_link("eth0", "");
    add_link("cni0", "bridge", "10.244.1.1");
    add_link("flannel.1", "vxlan", "10.244.1.0");
    add_link("kube-ipvs0", "dummy", "10.96.0.1").running = false;
    add_default_route(2);
  }

  Snapshot snapshot_;
};

TEST_F(OwnAddressesTest, AreTheSourceOfTheRouteToTheServer) {
  add_link("eth0", "", "10.1.1.5");
  add_link("eth1", "", "192.168.0.5");
  add_default_route(2);
  EXPECT_EQ(text_of(snapshot_, {.to_server = address("192.168.0.5"),
                                .server = address("192.168.0.1"),
                                .to_default = address("10.1.1.5")}),
            "192.168.0.5 by the route to the server");
}

TEST_F(OwnAddressesTest, AreOnLoopbackOfARoutedHost) {
  make_routed_host();
  EXPECT_EQ(text_of(snapshot_, {.to_server = address("10.9.9.9"),
                                .server = address("10.8.8.8"),
                                .to_default = address("10.9.9.9")}),
            "10.9.9.9 by the route to the server");
  EXPECT_EQ(text_of(snapshot_, {.to_default = address("10.9.9.9")}),
            "10.9.9.9 by the default route");
  EXPECT_EQ(text_of(snapshot_), "10.9.9.9 by a link");
}

TEST_F(OwnAddressesTest, AreNotOfTheOverlayThatTheServerIsReachedBy) {
  make_routed_host();
  for (const char* const overlay : {"10.244.1.1", "10.244.1.0"}) {
    EXPECT_EQ(text_of(snapshot_, {.to_server = address(overlay),
                                  .server = address("10.244.2.7"),
                                  .to_default = address("10.9.9.9")}),
              "10.9.9.9 by the default route");
  }
}

TEST_F(OwnAddressesTest, AreNotAServicesThatIpvsKeepsHere) {
  make_routed_host();
  EXPECT_EQ(text_of(snapshot_, {.to_server = address("10.96.0.1"),
                                .server = address("10.96.0.1"),
                                .to_default = address("10.9.9.9")}),
            "10.9.9.9 by the default route");
}

TEST_F(OwnAddressesTest, AreOfABridgeWithACardInIt) {
  add_link("br0", "bridge", "10.1.1.5");
  add_link("eth0", "").master = 2;
  EXPECT_EQ(text_of(snapshot_, {.to_server = address("10.1.1.5"), .server = address("10.1.1.9")}),
            "10.1.1.5 by the route to the server");
}

TEST_F(OwnAddressesTest, AreOfAnOverlayOnlyWhereThereIsNothingElse) {
  add_link("down0", "", "10.3.3.3").running = false;
  add_link("docker0", "bridge", "172.17.0.1");
  EXPECT_EQ(text_of(snapshot_), "10.3.3.3 by a link");
  add_address(add_link("eth0", "").index, "10.1.1.5");
  EXPECT_EQ(text_of(snapshot_), "10.1.1.5 by a link");
  add_default_route(3);
  EXPECT_EQ(text_of(snapshot_), "172.17.0.1 by a link");
}

TEST_F(OwnAddressesTest, AreOfEachFamilyAndCanBeReached) {
  add_link("eth0", "", "10.1.1.5");
  add_address(2, "fe80::5").scope = LinkAddress::Scope::kLink;
  add_address(2, "fd00::5").tentative = true;
  add_address(1, "::1");
  EXPECT_EQ(text(find_own_addresses(snapshot_, {})), "10.1.1.5 by a link");
  add_address(2, "fd00::6");
  const RouteSource gone{.to_server = address("fd00::9"), .server = address("fd00:1::1")};
  EXPECT_EQ(find_own_addresses(snapshot_, {RouteSource(), gone}),
            (std::vector<OwnAddress>{{address("10.1.1.5"), Origin::kLink},
                                     {address("fd00::6"), Origin::kLink}}));
}

TEST_F(OwnAddressesTest, AreNotThoseOfThePodThatNoLinkHas) {
  add_link("eth0", "", "10.1.1.5");
  add_address(2, "fd00::5");
  const auto with = [&](const GivenAddresses& given) {
    return text(own_addresses(snapshot_, given, {}));
  };
  EXPECT_EQ(with({.by_flag = {}, .of_pod = {address("10.1.1.5")}}), "10.1.1.5 by MY_POD_IPS")
      << "and no other family";
  const GivenAddresses changed{.by_flag = {}, .of_pod = {address("10.1.1.4"), address("fd00::5")}};
  EXPECT_EQ(with(changed), "10.1.1.5 by a link, fd00::5 by MY_POD_IPS");
  EXPECT_EQ(missing_addresses(snapshot_, changed.of_pod), std::vector{address("10.1.1.4")});
  EXPECT_EQ(with({.by_flag = {address("192.0.2.7")}, .of_pod = changed.of_pod}),
            "192.0.2.7 by -addresses")
      << "a NAT may be between";
  snapshot_.left_out.addresses = 1;
  EXPECT_EQ(with(changed), "10.1.1.4 by MY_POD_IPS, fd00::5 by MY_POD_IPS") << "it may be there";
  EXPECT_EQ(with({}), "10.1.1.5 by a link, fd00::5 by a link");
}

TEST(OwnAddressesOfTheKernelTest, FollowItsRoutes) {
  in_network_namespace([] {
    ASSERT_TRUE(ip("link add wire0 type veth peer name wire1"));
    ASSERT_TRUE(ip("link set wire1 up"));
    ASSERT_TRUE(ip("link set wire0 up"));
    ASSERT_TRUE(ip("link add bridge0 type bridge"));
    ASSERT_TRUE(ip("link set bridge0 up"));
    ASSERT_TRUE(ip("address add 10.244.1.1/24 dev bridge0"));
    NetworkReader reader(Layer::kHost);
    const auto found = [&] {
      const auto snapshot = reader.read();
      if (!snapshot) return snapshot.error().message();
      return text(find_own_addresses(*snapshot, read_route_sources({"198.51.100.7", "oops"})));
    };
    EXPECT_EQ(found(), "10.244.1.1 by a link");
    ASSERT_TRUE(ip("address add 10.9.9.9/32 dev lo"));
    EXPECT_EQ(found(), "10.9.9.9 by a link");
    ASSERT_TRUE(ip("route add default dev wire0"));
    EXPECT_EQ(found(), "10.9.9.9 by the route to the server");
    ASSERT_TRUE(ip("address add 10.9.9.10/32 dev lo"));
    ASSERT_TRUE(ip("route add 198.51.100.0/24 dev wire0 src 10.9.9.10"));
    EXPECT_EQ(found(), "10.9.9.10 by the route to the server");
  });
}

}  // namespace
}  // namespace meshcheck::agent
