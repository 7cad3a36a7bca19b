// Sizes: what a timestamped socket fragments, what it refuses, and what routers say.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "lib/testing/loop.h"
#include "mesh/icmp/echo.h"
#include "mesh/stamp/wire.h"
#include "probe/descriptor.h"
#include "probe/network_testing.h"
#include "probe/socket_subject_testing.h"

namespace meshcheck::probe {
namespace {

using Fragmentation = TimestampedSocket::Fragmentation;

void expect_fragments_only_where_they_may_be(const std::string& any, const std::string& address,
                                             std::size_t headers) {
  uv::Loop loop;
  Subject a(loop, {.local = endpoint(any)});
  Subject b(loop, {.local = endpoint(address)});
  const Endpoint to = b.socket->local();
  const std::size_t fits = 1400 - headers;
  a.send_as(Fragmentation::kNever, fits, to, 1);
  a.send_as(Fragmentation::kNever, fits + 1, to, 2);
  a.send_as(Fragmentation::kAllowed, fits + 2, to, 3);
  a.send_as(Fragmentation::kUnlessTooLarge, fits + 3, to, 4);
  a.send_as(Fragmentation::kUnlessTooLarge, fits, to, 5);
  a.send_as(Fragmentation::kDefault, fits + 4, to, 6);
  a.send_as(Fragmentation::kNever, fits + 1, to, 7);
  a.socket->flush();
  ASSERT_EQ(a.failed.size(), 2U);
  EXPECT_EQ(a.failed[0].cookie, 2U);
  EXPECT_EQ(a.failed[0].error_number, EMSGSIZE);
  EXPECT_EQ(a.failed[0].mtu, 1400U) << "as the own link";
  EXPECT_EQ(a.failed[0].text, "message too long");
  EXPECT_EQ(a.failed[1].cookie, 7U);
  ASSERT_TRUE(run_until(loop, [&] { return b.received.size() == 5; }));
  const std::vector<std::size_t> sizes = {fits, fits + 2, fits + 3, fits, fits + 4};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(b.received[i].text.size(), sizes[i]);
  EXPECT_EQ(a.failed.size(), 2U) << "what the kernel refuses is told once";
}

TEST(TimestampedSocketMtuTest, FragmentsOnlyWhereItMay) {
  in_own_network([] {
    ASSERT_TRUE(ip("link set lo mtu 1400"));
    expect_fragments_only_where_they_may_be("0.0.0.0:0", "127.0.0.1:0", 28);
    expect_fragments_only_where_they_may_be("[::]:0", "[::1]:0", 48);
  });
}

// What the kernel believes of a path must not decide what a probe of its size finds out.
TEST(TimestampedSocketMtuTest, GoesByTheLinkAndNotByTheRoute) {
  in_own_network([] {
    ASSERT_TRUE(ip("link set lo mtu 9000"));
    ASSERT_TRUE(ip("route add local 10.9.0.0/24 dev lo table local mtu 1400"));
    uv::Loop loop;
    Subject a(loop, {.local = endpoint("0.0.0.0:0")});
    const Descriptor sniffer(socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_UDP));
    Subject b(loop, {.local = endpoint("0.0.0.0:0"), .packet_size_max = 9000});
    Endpoint to = endpoint("10.9.0.1:0");
    to.port = b.socket->local().port;
    a.send_as(Fragmentation::kNever, 5000, to, 1);
    a.send_as(Fragmentation::kUnlessTooLarge, 5001, to, 2);
    a.send_as(Fragmentation::kDefault, 5002, to, 3);
    a.socket->flush();
    EXPECT_EQ(a.failed.size(), 0U);
    ASSERT_TRUE(run_until(loop, [&] { return b.received.size() == 3; }));
    // The IP header says whether DF was set.
    const auto dont_fragment = [&] {
      std::array<std::uint8_t, 9000> packet{};
      EXPECT_GT(recv(sniffer.get(), packet.data(), packet.size(), 0), 5000);
      return (packet[6] & 0x40U) != 0;
    };
    EXPECT_TRUE(dont_fragment());
    EXPECT_TRUE(dont_fragment());
    EXPECT_FALSE(dont_fragment()) << "a route's own MTU has it cut";
  });
}

// "Fragmentation needed" for a UDP packet between those, which began with `payload`.
std::vector<std::uint8_t> fragmentation_needed(const Endpoint& from, const Endpoint& to,
                                               std::uint16_t mtu, const std::string& payload) {
  constexpr std::size_t kIp = 8;
  constexpr std::size_t kUdp = kIp + 20;
  std::vector<std::uint8_t> packet(kUdp + 8);
  packet[0] = 3;
  packet[1] = 4;
  stamp::put(packet, 6, mtu);
  packet[kIp] = 0x45;
  packet[kIp + 9] = IPPROTO_UDP;
  std::copy_n(from.address.bytes().begin(), 4, packet.begin() + kIp + 12);
  std::copy_n(to.address.bytes().begin(), 4, packet.begin() + kIp + 16);
  stamp::put(packet, kUdp, from.port);
  stamp::put(packet, kUdp + 2, to.port);
  packet.insert(packet.end(), payload.begin(), payload.end());
  stamp::put(packet, 2, icmp::checksum(packet));
  return packet;
}

TEST(TimestampedSocketMtuTest, TellsTheMtuThatARouterSays) {
  in_own_network([] {
    uv::Loop loop;
    Subject a(loop, {.local = endpoint("127.0.0.1:0")});
    const Descriptor router(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    sockaddr_storage storage{};
    ASSERT_EQ(bind(router.get(), endpoint("127.0.0.9:0").to_sockaddr(storage), sizeof(sockaddr_in)),
              0);
    const auto error =
        fragmentation_needed(a.socket->local(), endpoint("127.0.0.2:9"), 1300, "seq1");
    ASSERT_GT(sendto(router.get(), error.data(), error.size(), 0,
                     endpoint("127.0.0.1:0").to_sockaddr(storage), sizeof(sockaddr_in)),
              0);
    ASSERT_TRUE(run_until(loop, [&] { return !a.failed.empty(); }));
    EXPECT_EQ(a.failed.front().error_number, EMSGSIZE);
    EXPECT_EQ(a.failed.front().mtu, 1300U);
    EXPECT_EQ(a.failed.front().to, endpoint("127.0.0.2:9"));
    EXPECT_EQ(a.failed.front().quote, "seq1");
    EXPECT_EQ(a.failed.front().text, "message too long, says 127.0.0.9");
  });
}

}  // namespace
}  // namespace meshcheck::probe
