#include "agent/probing/target_prober.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "lib/testing/dns_server.h"
#include "lib/testing/loop.h"
#include "lib/testing/network_namespace.h"
#include "lib/testing/no_descriptors.h"
#include "lib/uv/tcp_listener.h"
#include "lib/uv/udp_socket.h"

namespace meshcheck::agent {
namespace {

using namespace std::chrono_literals;
using mesh::PathState;
using netlink::in_network_namespace;
using netlink::ip;

WatchedGateway gateway(const char* address) {
  return {.endpoint = {.address = *IpAddress::parse(address)}, .link = "wire0"};
}

// A prober in a hurry, and servers for it. Made inside the namespace.
class Bench {
 public:
  explicit Bench(bool icmp = true) {
    TargetProber::Options options{
        .target_interval = 50ms, .target_timeout = 50ms, .lookup_age_max = 100ms};
    options.dns.servers = {names.endpoint()};
    options.dns.resolv_conf = "/dev/null";
    options.icmp.datagram = false;
    options.icmp.raw = icmp;
    prober.emplace(loop, Log({.level = Log::Level::kError}), options, [this] { ++changes; });
    prober->set_settings(50ms, 50ms);
  }

  mesh::ReportPath row(const std::string& to) const {
    for (auto& row : prober->rows(Clock::now())) {
      if (row.to == to) return row;
    }
    ADD_FAILURE() << "no path to " << to;
    return {};
  }
  // Whether the path got there in time.
  bool becomes(const std::string& to, PathState state) {
    return uv::run_until(
        loop, [&] { return row(to).summary.state == state; }, 10s);
  }

  uv::Loop loop;
  std::vector<IpAddress> addresses = {*IpAddress::parse("127.0.0.1")};  // Of every name.
  probe::TestDnsServer names{loop, [this](const probe::DnsQuestion& question) {
                               std::vector<IpAddress> wanted;
                               for (const IpAddress& address : addresses) {
                                 const bool ipv4 = address.family() == IpAddress::Family::kIpv4;
                                 if (ipv4 == (question.type == probe::kTypeA)) {
                                   wanted.push_back(address);
                                 }
                               }
                               return probe::dns_answer(question, addresses.empty() ? 3 : 0,
                                                        wanted);
                             }};
  int changes = 0;
  std::optional<TargetProber> prober;
};

TEST(TargetProberTest, FindsGatewaysUpAndDownAndUpAgain) {
  in_network_namespace([] {
    ASSERT_TRUE(ip("address add 192.0.2.1/32 dev lo"));
    ASSERT_TRUE(ip("address add 2001:db8::1/128 dev lo nodad"));
    Bench bench;
    ASSERT_EQ(bench.prober->icmp(), "raw");
    bench.prober->set_gateways({gateway("192.0.2.1"), gateway("2001:db8::1")});
    EXPECT_TRUE(bench.becomes("192.0.2.1", PathState::kUp));
    EXPECT_TRUE(bench.becomes("2001:db8::1", PathState::kUp));
    EXPECT_EQ(bench.changes, 0);
    auto row = bench.row("2001:db8::1");
    EXPECT_EQ(row.relation, mesh::Relation::kGateway);
    EXPECT_EQ(row.kind, mesh::ProbeKind::kIcmp);
    EXPECT_EQ(row.family, mesh::PathFamily::kIpv6);
    EXPECT_EQ(row.summary.error, "");
    ASSERT_TRUE(row.summary.round_trips);
    EXPECT_GT(row.summary.round_trips->max, 0us);

    ASSERT_TRUE(ip("address del 192.0.2.1/32 dev lo"));
    EXPECT_TRUE(bench.becomes("192.0.2.1", PathState::kDown));
    EXPECT_EQ(bench.row("192.0.2.1").summary.error, "network is unreachable");
    EXPECT_EQ(bench.row("2001:db8::1").summary.state, PathState::kUp);
    EXPECT_TRUE(uv::run_until(bench.loop, [&] { return bench.changes == 1; }));

    ASSERT_TRUE(ip("address add 192.0.2.1/32 dev lo"));
    EXPECT_TRUE(bench.becomes("192.0.2.1", PathState::kUp));
    EXPECT_TRUE(uv::run_until(bench.loop, [&] { return bench.changes == 2; }));
  });
}

TEST(TargetProberTest, KeepsTheHistoryOfWhatStays) {
  in_network_namespace([] {
    Bench bench;
    bench.prober->set_gateways({gateway("127.0.0.1"), gateway("127.0.0.2")});
    EXPECT_TRUE(bench.becomes("127.0.0.1", PathState::kUp));
    EXPECT_TRUE(bench.becomes("127.0.0.2", PathState::kUp));
    const auto before = bench.row("127.0.0.2").summary.sent;
    ASSERT_GT(before, 0U);
    bench.prober->set_gateways({gateway("127.0.0.3"), gateway("127.0.0.2")});
    EXPECT_GE(bench.row("127.0.0.2").summary.sent, before);
    EXPECT_EQ(bench.row("127.0.0.2").summary.state, PathState::kUp);
    EXPECT_EQ(bench.row("127.0.0.3").summary.state, PathState::kUnknown);
    EXPECT_EQ(bench.prober->rows(Clock::now()).size(), 2U);
    bench.prober->set_settings(50ms, 50ms);
    EXPECT_GE(bench.row("127.0.0.2").summary.sent, before) << "the same settings";
    bench.prober->set_settings(40ms, 40ms);
    EXPECT_EQ(bench.row("127.0.0.2").summary.sent, 0U);
    EXPECT_TRUE(bench.becomes("127.0.0.2", PathState::kUp));
    EXPECT_TRUE(bench.becomes("127.0.0.3", PathState::kUp));
    bench.prober->set_gateways({});
    EXPECT_TRUE(bench.prober->rows(Clock::now()).empty());
  });
}

TEST(TargetProberTest, ProbesEachListInItsWay) {
  in_network_namespace([] {
    Bench bench;
    auto listener = uv::TcpListener::listen(bench.loop, *Endpoint::parse("127.0.0.1:0"), {},
                                            [](uv::TcpStream) {});
    ASSERT_TRUE(listener);
    std::optional<uv::UdpSocket> echo;
    auto bound = uv::UdpSocket::bind(bench.loop, *Endpoint::parse("[::1]:0"),
                                     [&](std::string_view bytes, const Endpoint& sender) {
                                       EXPECT_TRUE(echo->send(bytes, sender));
                                     });
    ASSERT_TRUE(bound);
    echo.emplace(*std::move(bound));
    const std::string tcp = listener->local().text();
    const std::string udp = echo->local().text();
    bench.prober->set_targets(
        {.ping = {"127.0.0.1", "::1", "node.test"},
         .tcp_ping = {tcp, "web.test:" + std::to_string(listener->local().port)},
         .udp_ping = {udp},
         .dns = {"some.test"}});
    for (const auto& path : bench.prober->rows(Clock::now())) {
      EXPECT_EQ(path.relation, mesh::Relation::kTarget);
      EXPECT_TRUE(bench.becomes(path.to, PathState::kUp)) << path.to;
      EXPECT_TRUE(bench.row(path.to).summary.round_trips) << path.to;
    }
    EXPECT_EQ(bench.row("::1").family, mesh::PathFamily::kIpv6);
    EXPECT_EQ(bench.row("node.test").kind, mesh::ProbeKind::kIcmp);
    EXPECT_EQ(bench.row("node.test").family, mesh::PathFamily::kIpv4);
    EXPECT_EQ(bench.row(tcp).kind, mesh::ProbeKind::kTcp);
    EXPECT_EQ(bench.row(udp).kind, mesh::ProbeKind::kUdp);
    EXPECT_EQ(bench.row("some.test").kind, mesh::ProbeKind::kDns);
    EXPECT_EQ(bench.row("some.test").family, mesh::PathFamily::kNone);
  });
}

TEST(TargetProberTest, SaysWhyATargetFails) {
  in_network_namespace([] {
    Bench bench;
    bench.addresses.clear();
    const mesh::Targets targets{.ping = {"192.0.2.1", "gone.test"},
                                .tcp_ping = {"127.0.0.1:1"},
                                .udp_ping = {"127.0.0.1:1"},
                                .dns = {"gone.test"}};
    bench.prober->set_targets(targets);
    const std::vector<std::string> expected = {"network is unreachable", "look-up: no such name",
                                               "connection refused", "port unreachable",
                                               "no such name"};
    std::vector<std::string> errors;
    bool all_down = false;
    uv::run_until(bench.loop, [&] {
      errors.clear();
      all_down = true;
      for (const auto& row : bench.prober->rows(Clock::now())) {
        errors.push_back(row.summary.error);
        all_down = all_down && row.summary.state == PathState::kDown;
      }
      return all_down && errors == expected;
    });
    EXPECT_TRUE(all_down);
    EXPECT_EQ(errors, expected);
  });
}

TEST(TargetProberTest, FollowsANameToItsNewAddress) {
  in_network_namespace([] {
    ASSERT_TRUE(ip("address add 192.0.2.1/32 dev lo"));
    ASSERT_TRUE(ip("address add 2001:db8::1/128 dev lo nodad"));
    Bench bench;
    bench.addresses = {*IpAddress::parse("192.0.2.1")};
    bench.prober->set_targets({.ping = {"node.test"}});
    EXPECT_TRUE(bench.becomes("node.test", PathState::kUp));
    bench.addresses = {*IpAddress::parse("2001:db8::1")};
    EXPECT_TRUE(uv::run_until(
        bench.loop, [&] { return bench.row("node.test").family == mesh::PathFamily::kIpv6; }));
    // A server of names that is gone does not take the address away.
    bench.addresses.clear();
    bench.names.asked.clear();
    EXPECT_TRUE(uv::run_until(bench.loop, [&] { return bench.names.asked.size() >= 4; }));
    EXPECT_EQ(bench.row("node.test").summary.state, PathState::kUp);
  });
}

TEST(TargetProberTest, TriesTheNextAddressOfANameAfterAFailure) {
  in_network_namespace([] {
    Bench bench;
    bench.addresses = {*IpAddress::parse("192.0.2.1"), *IpAddress::parse("::1")};
    bench.prober->set_targets({.ping = {"node.test"}});
    EXPECT_TRUE(bench.becomes("node.test", PathState::kUp));
    EXPECT_EQ(bench.row("node.test").family, mesh::PathFamily::kIpv6);
  });
}

TEST(TargetProberTest, KnowsNothingWhereThereIsNoIcmp) {
  in_network_namespace([] {
    Bench bench(false);
    bench.prober->set_gateways({gateway("127.0.0.1")});
    bench.prober->set_targets({.dns = {"some.test"}});
    EXPECT_TRUE(bench.becomes("some.test", PathState::kUp)) << "the rest works";
    const auto row = bench.row("127.0.0.1");
    EXPECT_EQ(row.summary.state, PathState::kUnknown);
    EXPECT_EQ(row.summary.sent, 0U);
    EXPECT_EQ(row.summary.error, bench.prober->icmp());
    EXPECT_FALSE(row.summary.error.empty());
  });
}

TEST(TargetProberTest, AccusesNobodyWhileItMayOpenNoMoreFiles) {
  in_network_namespace([] {
    Bench bench;
    const auto listener = uv::TcpListener::listen(bench.loop, *Endpoint::parse("127.0.0.1:0"), {},
                                                  [](uv::TcpStream) {});
    ASSERT_TRUE(listener);
    const std::string tcp = listener->local().text();
    bench.prober->set_targets(
        {.tcp_ping = {tcp}, .udp_ping = {"127.0.0.1:9"}, .dns = {"some.test"}});
    EXPECT_TRUE(bench.becomes(tcp, PathState::kUp));
    EXPECT_TRUE(bench.becomes("127.0.0.1:9", PathState::kDown)) << "nobody listens there";
    EXPECT_TRUE(bench.becomes("some.test", PathState::kUp));
    std::optional<NoDescriptors> none;
    none.emplace();
    for (const std::string& to : {tcp, std::string("127.0.0.1:9"), std::string("some.test")}) {
      EXPECT_TRUE(bench.becomes(to, PathState::kUnknown)) << to;
      EXPECT_EQ(bench.row(to).summary.error,
                "too many open files: raise the agent's limit of descriptors");
    }
    none.reset();
    EXPECT_TRUE(bench.becomes(tcp, PathState::kUp));
    EXPECT_EQ(bench.row(tcp).summary.error, "");
  });
}

// Packets to a neighbour that is looked for stay in their socket's buffer.
TEST(TargetProberTest, AccusesNoGatewayOfPingsThatItsOwnBufferHadNoRoomFor) {
  in_network_namespace([] {
    ASSERT_TRUE(ip("link add wire0 type veth peer name wire1"));
    ASSERT_TRUE(ip("link set wire1 up"));
    ASSERT_TRUE(ip("address add 10.77.0.2/24 dev wire0"));
    ASSERT_TRUE(ip("link set wire0 up"));
    std::ofstream("/proc/sys/net/ipv4/neigh/wire0/unres_qlen_bytes") << "100000000";
    std::ofstream("/proc/sys/net/ipv4/neigh/wire0/retrans_time_ms") << "100000";
    Bench bench;
    bench.prober->set_settings(5ms, 50ms);
    bench.prober->set_gateways({gateway("10.77.0.1"), gateway("10.77.0.3")});
    EXPECT_TRUE(bench.becomes("10.77.0.1", PathState::kDown)) << "nothing comes back";
    EXPECT_TRUE(bench.becomes("10.77.0.1", PathState::kUnknown));
    EXPECT_EQ(bench.row("10.77.0.1").summary.error, "no buffer space available");
    ASSERT_TRUE(ip("link del wire0"));
    EXPECT_TRUE(bench.becomes("10.77.0.1", PathState::kDown));
    EXPECT_EQ(bench.row("10.77.0.1").summary.error, "network is unreachable");
  });
}

TEST(TargetProberTest, AccusesNobodyWhileNoLocalPortIsLeft) {
  in_network_namespace([] {
    Bench bench;
    const auto listener = uv::TcpListener::listen(bench.loop, *Endpoint::parse("127.0.0.1:0"), {},
                                                  [](uv::TcpStream) {});
    ASSERT_TRUE(listener);
    const std::string tcp = listener->local().text();
    bench.prober->set_targets({.tcp_ping = {tcp}});
    EXPECT_TRUE(bench.becomes(tcp, PathState::kUp));
    const auto port = listener->local().port;
    std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << port << " " << port;
    EXPECT_TRUE(bench.becomes(tcp, PathState::kUnknown));
    EXPECT_EQ(bench.row(tcp).summary.error, kNoPortLeft);
  });
}

TEST(TargetProberTest, JudgesNothingThatWasUnderWayWhenItWasStarved) {
  in_network_namespace([] {
    Bench bench;
    bench.prober->set_gateways({gateway("127.0.0.1")});
    EXPECT_TRUE(bench.becomes("127.0.0.1", PathState::kUp));
    bench.prober->starved();
    EXPECT_EQ(bench.row("127.0.0.1").summary.state, PathState::kUnknown);
    EXPECT_TRUE(bench.becomes("127.0.0.1", PathState::kUp));
    EXPECT_EQ(bench.row("127.0.0.1").summary.lost, 0U);
  });
}

}  // namespace
}  // namespace meshcheck::agent
