#include "agent/reporting/network_facts.h"

#include <gtest/gtest.h>

#include "lib/testing/network_namespace.h"

namespace meshcheck::agent {
namespace {

using netlink::in_network_namespace;
using netlink::ip;
using netlink::Link;
using netlink::Neighbour;
using netlink::Route;
using netlink::Snapshot;

IpAddress address(std::string_view text) {
  return *IpAddress::parse(text);
}

Route route(std::string_view destination, std::uint8_t prefix_length,
            std::optional<IpAddress> gateway) {
  Route result;
  result.destination = address(destination);
  result.prefix_length = prefix_length;
  result.next_hops = {{.gateway = gateway, .link_index = 2}};
  return result;
}

Snapshot small_network() {
  Snapshot snapshot;
  Link loopback;
  loopback.index = 1;
  loopback.name = "lo";
  loopback.mtu = 65536;
  Link ethernet;
  ethernet.index = 2;
  ethernet.name = "eth0";
  ethernet.kind = "veth";
  ethernet.mtu = 1450;
  ethernet.state = Link::State::kUp;
  ethernet.carrier = true;
  ethernet.carrier_changes = 3;
  ethernet.statistics.rx_dropped = 8;
  snapshot.links = {loopback, ethernet};
  snapshot.addresses = {{.link_index = 2, .address = address("10.1.1.5"), .prefix_length = 24},
                        {.link_index = 2, .address = address("fd00::5"), .prefix_length = 64}};
  snapshot.routes = {route("0.0.0.0", 0, address("10.1.1.1")), route("10.1.1.0", 24, std::nullopt)};
  snapshot.neighbours = {{.link_index = 2,
                          .address = address("10.1.1.1"),
                          .hardware_address = {},
                          .state = Neighbour::State::kFailed}};
  return snapshot;
}

TEST(NetworkFactsTest, DescribesThePodsNetwork) {
  mesh::Report report;
  describe_network(small_network(), Layer::kPod, report);
  EXPECT_EQ(report.ips.at("lo"), std::vector<std::string>{});
  EXPECT_EQ(report.ips.at("eth0"), (std::vector<std::string>{"10.1.1.5/24", "fd00::5/64"}));
  ASSERT_EQ(report.mesh.links.size(), 2U);
  const mesh::ReportLink& link = report.mesh.links[1];
  EXPECT_EQ(link.kind, "veth");
  EXPECT_EQ(link.mtu, 1450U);
  EXPECT_EQ(link.state, "up");
  EXPECT_TRUE(link.carrier);
  EXPECT_FALSE(link.counters);
  ASSERT_EQ(report.mesh.gateways.size(), 1U);
  EXPECT_EQ(report.mesh.gateways[0].address, "10.1.1.1");
  EXPECT_EQ(report.mesh.gateways[0].link, "eth0");
  EXPECT_EQ(report.mesh.gateways[0].family, "ipv4");
  EXPECT_EQ(report.mesh.gateways[0].neighbour, "failed");
  EXPECT_FALSE(report.mesh.routes);
}

TEST(NetworkFactsTest, AddsCountersNeighboursAndRoutesOfTheHost) {
  mesh::Report report;
  describe_network(small_network(), Layer::kHost, report);
  ASSERT_TRUE(report.mesh.links[1].counters);
  EXPECT_EQ(report.mesh.links[1].counters->carrier_changes, 3U);
  EXPECT_EQ(report.mesh.links[1].counters->rx_dropped, 8U);
  EXPECT_EQ(report.mesh.gateways[0].neighbour, "failed");
  ASSERT_TRUE(report.mesh.routes);
  ASSERT_EQ(report.mesh.routes->size(), 2U);
  EXPECT_EQ(report.mesh.routes->at(0).destination, "0.0.0.0/0");
  EXPECT_EQ(report.mesh.routes->at(0).gateway, "10.1.1.1");
  EXPECT_EQ(report.mesh.routes->at(1).gateway, "");
  EXPECT_EQ(report.mesh.routes->at(1).link, "eth0");
}

TEST(NetworkFactsTest, SaysThatAGatewayHasNoNeighbourEntry) {
  Snapshot snapshot = small_network();
  snapshot.neighbours.clear();
  mesh::Report report;
  describe_network(snapshot, Layer::kHost, report);
  EXPECT_EQ(report.mesh.gateways[0].neighbour, "none");
}

TEST(NetworkFactsTest, SaysThatAGatewayAnswersArpThoughNoPings) {
  using std::chrono::seconds;
  const auto checked = [](mesh::PathState state, seconds answered, seconds confirmed,
                          const std::string& neighbour = "reachable") {
    mesh::Report report;
    report.mesh.gateways = {{"10.1.1.1", "eth0", "ipv4", neighbour, confirmed},
                            {"fe80::1", "eth0", "ipv6", "stale", seconds(1)}};
    mesh::ReportPath path{.to = "10.1.1.1", .relation = mesh::Relation::kGateway};
    path.summary.state = state;
    path.summary.answer_age = answered;
    report.mesh.probing.paths = {path, path};
    report.mesh.probing.paths[1].to = "fe80::1%eth0";
    cross_check_gateways(report);
    return std::string(text(report.mesh.probing.paths[0].cross_check)) + "," +
           std::string(text(report.mesh.probing.paths[1].cross_check));
  };
  constexpr auto kDown = mesh::PathState::kDown;
  EXPECT_EQ(checked(kDown, seconds(20), seconds(5)), "answered,answered");
  EXPECT_EQ(checked(kDown, seconds(20), seconds(20)), ",answered") << "it may have died since";
  EXPECT_EQ(checked(kDown, seconds(20), seconds(30), "failed"), "unanswered,answered");
  EXPECT_EQ(checked(mesh::PathState::kUp, seconds(20), seconds(5)), ",");
}

TEST(NetworkFactsTest, SaysWhichLinkOfThisNetworkAnotherOneSendsOver) {
  Snapshot snapshot = small_network();
  Link overlay;
  overlay.index = 3;
  overlay.name = "flannel.1";
  overlay.kind = "vxlan";
  overlay.underlay = 2;
  overlay.offloads = {.tso = true, .gso = std::nullopt, .gro = false};
  Link moved = overlay;
  moved.index = 4;
  moved.underlay_is_elsewhere = true;
  snapshot.links[1].underlay = 5;
  Link far_end = snapshot.links[1];
  far_end.index = 5;
  far_end.underlay = 2;
  snapshot.links.insert(snapshot.links.end(), {overlay, moved, far_end});
  mesh::Report report;
  describe_network(snapshot, Layer::kPod, report);
  std::vector<std::string> underlays;
  for (const mesh::ReportLink& link : report.mesh.links) underlays.push_back(link.underlay);
  EXPECT_EQ(underlays, (std::vector<std::string>{"", "", "eth0", "", ""}));
  EXPECT_EQ(report.mesh.links[2].tso, true);
  EXPECT_EQ(report.mesh.links[2].gso, std::nullopt);
  EXPECT_EQ(report.mesh.links[2].gro, false);
}

TEST(NetworkFactsTest, SaysWhatRoutesAndDestinationsTake) {
  Snapshot snapshot = small_network();
  snapshot.routes[1].mtu = 1300;
  snapshot.cached_mtus = {{.destination = address("10.1.2.5"), .mtu = 1400},
                          {.destination = address("fd00:1::5"),
                           .mtu = 1280,
                           .expires_in = std::chrono::milliseconds(5)}};
  for (const Layer layer : {Layer::kPod, Layer::kHost}) {
    mesh::Report report;
    describe_network(snapshot, layer, report);
    ASSERT_EQ(report.mesh.cached_mtus.size(), 2U);
    EXPECT_EQ(report.mesh.cached_mtus[0].destination, "fd00:1::5");
    EXPECT_EQ(report.mesh.cached_mtus[0].mtu, 1280U);
    EXPECT_EQ(report.mesh.cached_mtus[0].expires_in, std::chrono::milliseconds(5));
    EXPECT_EQ(report.mesh.cached_mtus[1].destination, "10.1.2.5");
    if (layer == Layer::kPod) continue;
    EXPECT_EQ(report.mesh.routes->at(0).mtu, 0U);
    EXPECT_EQ(report.mesh.routes->at(1).mtu, 1300U);
  }
}

TEST(NetworkFactsTest, KnowsTheMtuOfTheLinkOfEachAddress) {
  const std::vector<IpAddress> addresses = {address("fd00::5"), address("192.0.2.77"),
                                            address("10.1.1.5")};
  EXPECT_EQ(probe_link_mtus(small_network(), addresses),
            (std::vector<std::uint32_t>{1450, 0, 1450}));
}

TEST(NetworkFactsTest, TakesTheMtuOfTheDefaultRouteForAnAddressOnLoopback) {
  Snapshot snapshot = small_network();
  snapshot.links[0].loopback = true;
  snapshot.addresses = {{.link_index = 1, .address = address("10.9.9.9"), .prefix_length = 32},
                        {.link_index = 1, .address = address("fd00::9"), .prefix_length = 128}};
  EXPECT_EQ(probe_link_mtus(snapshot, {address("10.9.9.9"), address("fd00::9")}),
            (std::vector<std::uint32_t>{1450, 0}));
}

TEST(NetworkFactsTest, ReadsFromTheKernelWhatExplainsAProblemOfSizes) {
  in_network_namespace([] {
    ASSERT_TRUE(ip("link add wire0 mtu 1400 type veth peer name wire1"));
    ASSERT_TRUE(ip("link set wire1 up"));
    ASSERT_TRUE(ip("link set wire0 up"));
    ASSERT_TRUE(ip("address add 192.0.2.1/24 dev wire0"));
    ASSERT_TRUE(ip("link add overlay0 mtu 1350 type vxlan id 7 dev wire0 dstport 4789"));
    ASSERT_TRUE(ip("route add 203.0.113.0/24 via 192.0.2.2 mtu 1300"));
    NetworkReader reader(Layer::kHost);
    const auto snapshot = reader.read();
    ASSERT_TRUE(snapshot) << snapshot.error().message();
    mesh::Report report;
    describe_network(*snapshot, Layer::kHost, report);
    for (const mesh::ReportLink& link : report.mesh.links) {
      EXPECT_EQ(link.underlay, link.name == "overlay0" ? "wire0" : "") << link.name;
      EXPECT_EQ(link.gso.has_value(), link.name != "overlay0") << link.name << ": it is not up";
    }
    for (const mesh::ReportRoute& route : *report.mesh.routes) {
      EXPECT_EQ(route.mtu, route.destination == "203.0.113.0/24" ? 1300U : 0U) << route.destination;
    }
    EXPECT_EQ(probe_link_mtus(*snapshot, {address("192.0.2.1")}), std::vector<std::uint32_t>{1400});
    EXPECT_EQ(tunnel_kind(*snapshot), "") << "it is not up";
    ASSERT_TRUE(ip("link set overlay0 up"));
    EXPECT_EQ(tunnel_kind(reader.read().value()), "vxlan");
  });
}

TEST(NetworkFactsTest, ReadsTheRealNetworkTwiceOverOneSocket) {
  NetworkReader reader(Layer::kHost);
  for (int i = 0; i < 2; ++i) {
    const auto snapshot = reader.read();
    ASSERT_TRUE(snapshot) << snapshot.error().message();
    EXPECT_NE(snapshot->link("lo"), nullptr);
  }
}

}  // namespace
}  // namespace meshcheck::agent
