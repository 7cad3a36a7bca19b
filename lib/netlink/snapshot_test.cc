#include "lib/netlink/snapshot.h"

#include <gtest/gtest.h>

#include "lib/testing/network_namespace.h"

namespace meshcheck::netlink {
namespace {

IpAddress address(std::string_view text) {
  return *IpAddress::parse(text);
}

Snapshot take(const Snapshot::Options& options = {}) {
  auto snapshot = Snapshot::take(options);
  EXPECT_TRUE(snapshot) << snapshot.error().message();
  return snapshot ? *std::move(snapshot) : Snapshot();
}

// Asks again until a link has this state: the kernel follows a carrier in its own time. The last
// snapshot in any case.
Snapshot take_when(std::string_view link, Link::State state) {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (true) {
    Snapshot snapshot = take();
    const Link* const found = snapshot.link(link);
    if (found == nullptr || found->state == state || Clock::now() > deadline) return snapshot;
  }
}

const Route* route_to(const Snapshot& snapshot, std::string_view destination) {
  for (const Route& route : snapshot.routes) {
    if (route.destination == address(destination)) return &route;
  }
  return nullptr;
}

// wire0 <-> wire1, both up, with an address on wire0.
void make_wire() {
  ASSERT_TRUE(ip("link add wire0 mtu 1400 type veth peer name wire1"));
  ASSERT_TRUE(ip("link set wire0 address 02:00:00:00:00:01 up"));
  ASSERT_TRUE(ip("link set wire1 up"));
  ASSERT_TRUE(ip("address add 192.0.2.1/24 dev wire0"));
  ASSERT_TRUE(ip("address add 2001:db8::1/64 dev wire0 nodad"));
}

TEST(SnapshotTest, KnowsLinksAndHowTheyStandOnEachOther) {
  in_network_namespace([] {
    make_wire();
    ASSERT_TRUE(ip("link add bridge0 type bridge"));
    ASSERT_TRUE(ip("link set wire1 master bridge0"));
    ASSERT_TRUE(ip("link add overlay0 type vxlan id 7 dev wire0 dstport 4789"));
    const Snapshot snapshot = take_when("wire0", Link::State::kUp);
    const Link* const wire0 = snapshot.link("wire0");
    const Link* const wire1 = snapshot.link("wire1");
    const Link* const overlay = snapshot.link("overlay0");
    const Link* const loopback = snapshot.link("lo");
    ASSERT_TRUE(wire0 != nullptr && wire1 != nullptr && overlay != nullptr && loopback != nullptr);
    EXPECT_EQ(wire0->kind, "veth");
    EXPECT_EQ(wire0->mtu, 1400U);
    EXPECT_TRUE(wire0->up && wire0->running && wire0->carrier && !wire0->loopback);
    EXPECT_EQ(text(wire0->state), "up");
    EXPECT_EQ(wire0->hardware_address.text(), "02:00:00:00:00:01");
    EXPECT_EQ(wire0->underlay, wire1->index);
    EXPECT_FALSE(wire0->underlay_is_elsewhere);
    EXPECT_EQ(wire1->master, snapshot.link("bridge0")->index);
    EXPECT_EQ(snapshot.link("bridge0")->kind, "bridge");
    EXPECT_EQ(overlay->kind, "vxlan");
    EXPECT_EQ(overlay->underlay, wire0->index);
    EXPECT_EQ(overlay->mtu, 1350U);
    EXPECT_FALSE(overlay->up);
    EXPECT_EQ(text(overlay->state), "down");
    EXPECT_TRUE(loopback->loopback);
    EXPECT_EQ(text(loopback->state), "unknown");
    EXPECT_EQ(loopback->kind, "");
    EXPECT_EQ(snapshot.link(wire0->index), wire0);
    EXPECT_EQ(snapshot.link("eth7"), nullptr);
  });
}

TEST(SnapshotTest, CountsPacketsAndCarrierChanges) {
  in_network_namespace([] {
    make_wire();
    const Link before = *take_when("wire0", Link::State::kUp).link("wire0");
    ASSERT_TRUE(ip("link set wire1 down"));
    const Link after = *take_when("wire0", Link::State::kLowerLayerDown).link("wire0");
    EXPECT_FALSE(after.carrier);
    EXPECT_TRUE(after.up);
    EXPECT_EQ(text(after.state), "lowerlayerdown");
    EXPECT_EQ(after.carrier_changes, before.carrier_changes + 1);
    // Multicast listener reports of the IPv6 address went out by themselves, or will.
    EXPECT_GE(after.statistics.tx_packets, before.statistics.tx_packets);
    EXPECT_EQ(after.statistics.tx_errors, 0U);
  });
}

TEST(SnapshotTest, TellsWhenTheOtherEndOfAVethIsElsewhere) {
  in_network_namespace([] {
    ASSERT_TRUE(ip("link add wire0 type veth peer name wire1"));
    const OtherNamespace elsewhere;
    ASSERT_TRUE(ip("link set wire1 netns " + std::to_string(elsewhere.process())));
    const Snapshot snapshot = take();
    EXPECT_TRUE(snapshot.link("wire0")->underlay_is_elsewhere);
    EXPECT_NE(snapshot.link("wire0")->underlay, 0U);
  });
}

TEST(SnapshotTest, KnowsAddressesOfBothFamilies) {
  in_network_namespace([] {
    make_wire();
    ASSERT_TRUE(ip("address add 192.0.2.65 peer 198.51.100.1/32 dev wire1"));
    const Snapshot snapshot = take();
    const auto addresses = snapshot.addresses_of(snapshot.link("wire0")->index);
    ASSERT_GE(addresses.size(), 2U);
    EXPECT_EQ(addresses[0].address, address("192.0.2.1"));
    EXPECT_EQ(addresses[0].prefix_length, 24);
    EXPECT_EQ(addresses[0].scope, LinkAddress::Scope::kGlobal);
    EXPECT_EQ(addresses[1].address, address("2001:db8::1"));
    EXPECT_EQ(addresses[1].prefix_length, 64);
    EXPECT_FALSE(addresses[1].tentative);
    const auto point_to_point = snapshot.addresses_of(snapshot.link("wire1")->index);
    ASSERT_FALSE(point_to_point.empty());
    EXPECT_EQ(point_to_point[0].address, address("192.0.2.65"));
    const auto loopback = snapshot.addresses_of(snapshot.link("lo")->index);
    ASSERT_FALSE(loopback.empty());
    EXPECT_EQ(loopback[0].scope, LinkAddress::Scope::kHost);
  });
}

TEST(SnapshotTest, KnowsRoutesWithMetricsMtuAndSeveralNextHops) {
  in_network_namespace([] {
    make_wire();
    ASSERT_TRUE(ip("route add 203.0.113.0/25 via 192.0.2.2 metric 50 mtu 1280"));
    ASSERT_TRUE(
        ip("route add 203.0.113.128/25 nexthop via 192.0.2.2 weight 2 "
           "nexthop via 192.0.2.3"));
    ASSERT_TRUE(ip("route add 198.51.100.0/24 via inet6 2001:db8::2 dev wire0"));
    ASSERT_TRUE(ip("route add blackhole 198.18.0.0/15"));
    ASSERT_TRUE(ip("route add 10.0.0.0/8 via 192.0.2.2 table 100"));
    const Snapshot snapshot = take();
    const std::uint32_t wire0 = snapshot.link("wire0")->index;
    const Route* const plain = route_to(snapshot, "203.0.113.0");
    const Route* const multipath = route_to(snapshot, "203.0.113.128");
    const Route* const via_ipv6 = route_to(snapshot, "198.51.100.0");
    const Route* const blackhole = route_to(snapshot, "198.18.0.0");
    ASSERT_TRUE(plain != nullptr && multipath != nullptr && via_ipv6 != nullptr &&
                blackhole != nullptr);
    EXPECT_EQ(plain->metric, 50U);
    EXPECT_EQ(plain->mtu, 1280U);
    EXPECT_EQ(plain->prefix_length, 25);
    const Route::NextHop expected = {.gateway = address("192.0.2.2"), .link_index = wire0};
    EXPECT_EQ(plain->next_hops, std::vector<Route::NextHop>{expected});
    ASSERT_EQ(multipath->next_hops.size(), 2U);
    EXPECT_EQ(multipath->next_hops[0].weight, 2);
    EXPECT_EQ(multipath->next_hops[1].gateway, address("192.0.2.3"));
    EXPECT_EQ(via_ipv6->next_hops[0].gateway, address("2001:db8::2"));
    EXPECT_EQ(text(blackhole->type), "blackhole");
    EXPECT_TRUE(blackhole->next_hops.empty());
    EXPECT_EQ(route_to(snapshot, "10.0.0.0"), nullptr);
  });
}

TEST(SnapshotTest, PutsTheGatewayInUseFirst) {
  in_network_namespace([] {
    make_wire();
    ASSERT_TRUE(ip("-6 route add default via 2001:db8::fe metric 10"));
    ASSERT_TRUE(ip("route add default via 192.0.2.3 metric 200"));
    ASSERT_TRUE(ip("route add default metric 100 nexthop via 192.0.2.2 nexthop via 192.0.2.4"));
    ASSERT_TRUE(ip("route add default dev wire0 metric 300"));
    const Snapshot snapshot = take({.routes = Snapshot::Routes::kDefaults});
    std::vector<std::string> gateways;
    for (const Gateway& gateway : snapshot.default_gateways()) {
      gateways.push_back(gateway.address ? gateway.address->text() : "on link");
      EXPECT_EQ(gateway.link_index, snapshot.link("wire0")->index);
    }
    EXPECT_EQ(gateways, (std::vector<std::string>{"192.0.2.2", "192.0.2.4", "192.0.2.3", "on link",
                                                  "2001:db8::fe"}));
    for (const Route& route : snapshot.routes) EXPECT_TRUE(route.is_default());
    EXPECT_TRUE(take({.routes = Snapshot::Routes::kNone}).routes.empty());
  });
}

TEST(SnapshotTest, KnowsTheNeighbourThatIsAGateway) {
  in_network_namespace([] {
    make_wire();
    ASSERT_TRUE(ip("route add default via 192.0.2.2"));
    ASSERT_TRUE(ip("-6 route add default via 2001:db8::fe"));
    ASSERT_TRUE(ip("neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev wire0"));
    ASSERT_TRUE(ip("neighbour add 2001:db8::fe dev wire0 nud failed"));
    const Snapshot snapshot = take();
    const auto gateways = snapshot.default_gateways();
    ASSERT_EQ(gateways.size(), 2U);
    const Neighbour* const permanent = snapshot.neighbour_of(gateways[0]);
    const Neighbour* const failed = snapshot.neighbour_of(gateways[1]);
    ASSERT_TRUE(permanent != nullptr && failed != nullptr);
    EXPECT_EQ(text(permanent->state), "permanent");
    EXPECT_EQ(permanent->hardware_address.text(), "02:00:00:00:00:02");
    EXPECT_EQ(text(failed->state), "failed");
    EXPECT_TRUE(failed->hardware_address.empty());
    EXPECT_EQ(snapshot.neighbour_of({.address = address("192.0.2.77")}), nullptr);
    EXPECT_TRUE(take({.neighbours = false}).neighbours.empty());
  });
}

TEST(SnapshotTest, CountsWhatExceedsItsBounds) {
  in_network_namespace([] {
    make_wire();
    // Several datagrams' worth.
    ASSERT_EQ(std::system("for a in $(seq 0 19); do for b in $(seq 0 99); do "
                          "echo route add 10.$a.$b.0/24 via 192.0.2.2; done; done | ip -batch -"),
              0);
    const Snapshot all = take();
    const Snapshot bounded = take({.links_max = 1, .addresses_max = 1, .routes_max = 500});
    EXPECT_GE(all.routes.size(), 2000U);
    EXPECT_EQ(all.left_out.routes, 0U);
    EXPECT_FALSE(all.inconsistent);
    EXPECT_EQ(bounded.routes.size(), 500U);
    EXPECT_EQ(bounded.left_out.routes, all.routes.size() - 500);
    EXPECT_EQ(bounded.links.size(), 1U);
    EXPECT_EQ(bounded.left_out.links, 2U);
    EXPECT_EQ(bounded.left_out.addresses, all.addresses.size() - 1);
  });
}

TEST(SocketTest, AsksForOneNeighbourBetweenDumps) {
  in_network_namespace([] {
    make_wire();
    ASSERT_TRUE(ip("neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev wire0"));
    ASSERT_TRUE(ip("neighbour add 2001:db8::2 lladdr 02:00:00:00:00:03 dev wire0"));
    auto socket = Socket::open({});
    ASSERT_TRUE(socket);
    const auto first = Snapshot::take(*socket, {});
    ASSERT_TRUE(first);
    const std::uint32_t wire0 = first->link("wire0")->index;
    const auto ipv4 = socket->neighbour(wire0, address("192.0.2.2"));
    ASSERT_TRUE(ipv4) << ipv4.error().message();
    ASSERT_TRUE(*ipv4);
    EXPECT_EQ((*ipv4)->hardware_address.text(), "02:00:00:00:00:02");
    EXPECT_EQ((*ipv4)->state, Neighbour::State::kPermanent);
    const auto ipv6 = socket->neighbour(wire0, address("2001:db8::2"));
    ASSERT_TRUE(ipv6 && *ipv6);
    EXPECT_EQ((*ipv6)->address, address("2001:db8::2"));
    const auto absent = socket->neighbour(wire0, address("192.0.2.99"));
    ASSERT_TRUE(absent) << absent.error().message();
    EXPECT_FALSE(*absent);
    const auto no_link = socket->neighbour(9999, address("192.0.2.2"));
    ASSERT_TRUE(no_link) << no_link.error().message();
    EXPECT_FALSE(*no_link);
    EXPECT_TRUE(Snapshot::take(*socket, {}));
  });
}

}  // namespace
}  // namespace meshcheck::netlink
