#include "lib/agent/network_facts.h"

#include <gtest/gtest.h>

namespace meshcheck::agent {
namespace {

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

TEST(NetworkFactsTest, ReadsTheRealNetworkTwiceOverOneSocket) {
  NetworkReader reader(Layer::kHost);
  for (int i = 0; i < 2; ++i) {
    const auto snapshot = reader.read();
    ASSERT_TRUE(snapshot) << snapshot.error().message();
    EXPECT_NE(snapshot->link("lo"), nullptr);
  }
}

TEST(NetworkFactsTest, FindsWherePeersReachIt) {
  Snapshot snapshot = small_network();
  EXPECT_EQ(probe_addresses(snapshot), (std::vector{address("10.1.1.5"), address("fd00::5")}));
  // What is tentative or link-local does not do, and the link with the default route comes first.
  Link other;
  other.index = 1;
  other.name = "eth1";
  snapshot.links.insert(snapshot.links.begin(), other);
  snapshot.addresses[1].tentative = true;
  snapshot.addresses.push_back({.link_index = 2,
                                .address = address("fe80::5"),
                                .prefix_length = 64,
                                .scope = netlink::LinkAddress::Scope::kLink});
  snapshot.addresses.push_back(
      {.link_index = 1, .address = address("192.0.2.5"), .prefix_length = 24});
  snapshot.addresses.push_back(
      {.link_index = 1, .address = address("fd01::5"), .prefix_length = 64});
  EXPECT_EQ(probe_addresses(snapshot), (std::vector{address("10.1.1.5"), address("fd01::5")}));
}

}  // namespace
}  // namespace meshcheck::agent
