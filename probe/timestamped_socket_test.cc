#include "probe/timestamped_socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/testing/loop.h"
#include "mesh/icmp/echo.h"
#include "mesh/stamp/wire.h"
#include "probe/descriptor.h"
#include "probe/network_testing.h"

namespace meshcheck::probe {
namespace {

using namespace std::chrono_literals;

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
std::string text_of(std::span<const std::uint8_t> bytes) {
  return {bytes.begin(), bytes.end()};
}
Endpoint endpoint(const std::string& text) {
  return *Endpoint::parse(text);
}

// A socket and all that it told.
struct Subject {
  struct Packet {
    std::string text;
    Endpoint from;
    IpAddress local;
    std::uint8_t ttl = 0;
    WallTime time;
    bool kernel_time = false;
  };
  struct Failed {
    int error_number = 0;
    Endpoint to;
    std::optional<std::uint64_t> cookie;
    std::string quote;
    std::string text;
    std::uint32_t mtu = 0;
  };

  explicit Subject(uv::Loop& loop, const TimestampedSocket::Options& options) {
    auto opened = TimestampedSocket::open(
        loop, options,
        {.on_received =
             [this](const TimestampedSocket::Received& packet) {
               received.push_back({text_of(packet.bytes), packet.from, packet.local, packet.ttl,
                                   packet.time, packet.kernel_time});
             },
         .on_transmitted =
             [this](const TimestampedSocket::Transmitted& sent) {
               transmitted[sent.cookie] = sent.time;
               kernel_times += sent.kernel_time ? 1 : 0;
             },
         .on_failure =
             [this](const TimestampedSocket::Failure& failure) {
               failed.push_back({failure.error_number, failure.to, failure.cookie,
                                 text_of(failure.quote), failure.text(), failure.mtu});
             }});
    if (opened) {
      socket.emplace(*std::move(opened));
    } else {
      error = opened.error().message();
    }
  }

  void send(const std::string& text, const Endpoint& to, std::uint64_t cookie = 0) {
    socket->send({.bytes = bytes_of(text), .to = to, .cookie = cookie});
  }
  void send_as(TimestampedSocket::Fragmentation fragmentation, std::size_t size, const Endpoint& to,
               std::uint64_t cookie) {
    socket->send({.bytes = bytes_of(std::string(size, 'x')),
                  .to = to,
                  .cookie = cookie,
                  .fragmentation = fragmentation});
  }

  std::string error;
  std::vector<Packet> received;
  std::map<std::uint64_t, WallTime> transmitted;
  std::vector<Failed> failed;
  int kernel_times = 0;
  std::optional<TimestampedSocket> socket;
};

// The kernel begins to take times of arrival only a moment after the first socket asked for them.
bool send_until_kernel_time(uv::Loop& loop, Subject& sender, const std::function<void()>& send,
                            Subject& receiver) {
  return run_until(loop, [&] {
    if (!receiver.received.empty() && receiver.received.back().kernel_time) return true;
    send();
    sender.socket->flush();
    return false;
  });
}

class TimestampedSocketTest : public testing::TestWithParam<std::string> {
 protected:
  TimestampedSocket::Options options() const {
    return {.local = endpoint(GetParam() + ":0"), .wants_local_address = true, .wants_ttl = true};
  }
  uv::Loop loop_;
};
INSTANTIATE_TEST_SUITE_P(Families, TimestampedSocketTest, testing::Values("127.0.0.1", "[::1]"),
                         [](const auto& family) { return family.index == 0 ? "Ipv4" : "Ipv6"; });

TEST_P(TimestampedSocketTest, TellsTheKernelsTimesOfBothDirections) {
  Subject a(loop_, options());
  Subject b(loop_, options());
  a.send("probe", b.socket->local(), 42);
  a.socket->flush();
  // Without a turn of the loop.
  ASSERT_EQ(a.transmitted.size(), 1U);
  EXPECT_EQ(a.kernel_times, 1);
  const WallTime before = WallClock::now();
  ASSERT_TRUE(send_until_kernel_time(
      loop_, a, [&] { a.send("probe", b.socket->local(), 42); }, b));
  const Subject::Packet& packet = b.received.back();
  EXPECT_EQ(packet.text, "probe");
  EXPECT_EQ(packet.from, a.socket->local());
  EXPECT_EQ(packet.local, b.socket->local().address);
  EXPECT_EQ(packet.ttl, 64);
  EXPECT_LE(before, a.transmitted.at(42));
  EXPECT_LE(a.transmitted.at(42), packet.time);
  EXPECT_LE(packet.time, WallTime(WallClock::now()));
}

TEST_P(TimestampedSocketTest, CarriesMoreThanABatchAndGivesEachCookieBack) {
  Subject a(loop_, options());
  Subject b(loop_, options());
  for (std::uint64_t i = 0; i < 100; ++i) a.send(std::to_string(i), b.socket->local(), 1000 + i);
  a.socket->flush();
  ASSERT_EQ(a.transmitted.size(), 100U);
  WallTime last{};
  for (std::uint64_t i = 0; i < 100; ++i) {
    EXPECT_LT(last, a.transmitted.at(1000 + i)) << i;
    last = a.transmitted.at(1000 + i);
  }
  ASSERT_TRUE(run_until(loop_, [&] { return b.received.size() == 100; }));
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(b.received[i].text, std::to_string(i));
}

TEST_P(TimestampedSocketTest, MarksTimesOfTheProgramsOwnClock) {
  auto without = options();
  without.kernel_times = false;
  Subject a(loop_, without);
  Subject b(loop_, without);
  EXPECT_FALSE(a.socket->kernel_times());
  a.send("probe", b.socket->local(), 7);
  a.socket->flush();
  ASSERT_TRUE(run_until(loop_, [&] { return !b.received.empty(); }));
  EXPECT_FALSE(b.received.front().kernel_time);
  EXPECT_EQ(a.kernel_times, 0);
  EXPECT_LE(a.transmitted.at(7), b.received.front().time);
}

TEST_P(TimestampedSocketTest, TellsWhoRefusedAPacketAndQuotesIt) {
  Subject a(loop_, options());
  std::optional<Subject> closed(std::in_place, loop_, options());
  const Endpoint nobody = closed->socket->local();
  closed.reset();
  a.send("refused", nobody, 1);
  a.socket->flush();
  ASSERT_TRUE(run_until(loop_, [&] { return !a.failed.empty(); }));
  EXPECT_EQ(a.failed.front().error_number, ECONNREFUSED);
  EXPECT_EQ(a.failed.front().to, nobody);
  EXPECT_EQ(a.failed.front().quote, "refused");
  EXPECT_EQ(a.failed.front().text, "connection refused");
  EXPECT_FALSE(a.failed.front().cookie);
}

TEST_P(TimestampedSocketTest, LosesNoPacketToAnErrorOfAnotherOne) {
  Subject a(loop_, options());
  Subject b(loop_, options());
  std::optional<Subject> closed(std::in_place, loop_, options());
  const Endpoint nobody = closed->socket->local();
  closed.reset();
  // The error of one is pending on the socket when the next is sent.
  for (std::uint64_t i = 0; i < 20; ++i) a.send("x", i % 2 == 0 ? nobody : b.socket->local(), i);
  a.socket->flush();
  ASSERT_TRUE(run_until(loop_, [&] { return b.received.size() == 10 && a.failed.size() == 10; }));
  EXPECT_EQ(a.transmitted.size(), 20U);
  a.send("after", b.socket->local(), 99);
  a.socket->flush();
  EXPECT_EQ(a.transmitted.count(99), 1U);
}

TEST_P(TimestampedSocketTest, TellsOfEachPacketThatTheKernelRefuses) {
  Subject a(loop_, options());
  Subject b(loop_, options());
  const std::string large(65530, 'x');  // More than UDP carries.
  a.send("first", b.socket->local(), 1);
  a.send(large, b.socket->local(), 2);
  a.send("last", b.socket->local(), 3);
  a.socket->flush();
  ASSERT_EQ(a.failed.size(), 1U);
  EXPECT_EQ(a.failed.front().error_number, EMSGSIZE);
  EXPECT_EQ(a.failed.front().cookie, 2U);
  EXPECT_EQ(a.failed.front().text, "message too long");
  ASSERT_TRUE(run_until(loop_, [&] { return b.received.size() == 2; }));
  EXPECT_EQ(a.transmitted.size(), 2U);
  a.send("after", b.socket->local(), 4);
  a.socket->flush();
  EXPECT_EQ(a.transmitted.count(4), 1U);
}

TEST_P(TimestampedSocketTest, DropsWhatIsLargerThanItExpects) {
  auto small = options();
  small.packet_size_max = 10;
  Subject a(loop_, options());
  Subject b(loop_, small);
  a.send("eleven octs", b.socket->local());
  a.send("ten octets", b.socket->local());
  a.socket->flush();
  ASSERT_TRUE(run_until(loop_, [&] { return !b.received.empty(); }));
  EXPECT_EQ(b.received.front().text, "ten octets");
  EXPECT_EQ(b.socket->truncated(), 1U);
}

TEST_P(TimestampedSocketTest, CountsWhatTheKernelDroppedSinceNobodyRead) {
  auto small = options();
  small.receive_buffer_bytes = 4096;
  Subject a(loop_, options());
  Subject b(loop_, small);
  EXPECT_EQ(b.socket->count_drops(), 0U);
  for (int i = 0; i < 100; ++i) a.send("x", b.socket->local());
  a.socket->flush();
  EXPECT_TRUE(b.socket->drain());
  EXPECT_GT(b.received.size(), 0U);
  EXPECT_EQ(b.received.size() + b.socket->count_drops(), 100U);
  EXPECT_EQ(b.socket->count_drops(), 0U);
}

TEST(TimestampedSocketOpenTest, SendsFromTheAddressItIsTold) {
  uv::Loop loop;
  Subject any(loop, {.local = endpoint("0.0.0.0:0")});
  Subject b(loop, {.local = endpoint("127.0.0.1:0")});
  any.socket->send(
      {.bytes = bytes_of("x"), .to = b.socket->local(), .from = *IpAddress::parse("127.0.0.2")});
  any.socket->flush();
  ASSERT_TRUE(run_until(loop, [&] { return !b.received.empty(); }));
  EXPECT_EQ(b.received.front().from.address.text(), "127.0.0.2");
}

TEST(TimestampedSocketOpenTest, SaysWhatItCannotBind) {
  uv::Loop loop;
  EXPECT_EQ(Subject(loop, {.local = endpoint("192.0.2.1:9")}).error,
            "bind 192.0.2.1:9: Cannot assign requested address");
}

// An echo request; the checksum of ICMP over IPv4 is wrong, but only a raw socket needs it.
std::string echo_request(bool ipv4, std::uint16_t identifier) {
  std::string packet(16, '\0');
  packet[0] = static_cast<char>(ipv4 ? 8 : 128);
  packet[4] = static_cast<char>(identifier >> 8);
  packet[5] = static_cast<char>(identifier);
  packet[7] = 1;
  if (ipv4) {
    const std::uint32_t sum = 0x0800U + identifier + 1;
    const auto checksum = static_cast<std::uint16_t>(~((sum & 0xffffU) + (sum >> 16)));
    packet[2] = static_cast<char>(checksum >> 8);
    packet[3] = static_cast<char>(checksum);
  }
  return packet;
}

void expect_echo(TimestampedSocket::Kind kind, const std::string& address) {
  uv::Loop loop;
  const bool ipv4 = address[0] != '[';
  Subject subject(
      loop, {.kind = kind, .local = endpoint(ipv4 ? "0.0.0.0:0" : "[::]:0"), .wants_ttl = true});
  ASSERT_EQ(subject.error, "");
  const auto send = [&] { subject.send(echo_request(ipv4, 4711), endpoint(address + ":0"), 5); };
  send();
  subject.socket->flush();
  EXPECT_EQ(subject.transmitted.count(5), 1U);
  EXPECT_EQ(subject.kernel_times, 1);
  ASSERT_TRUE(send_until_kernel_time(loop, subject, send, subject));
  const Subject::Packet& reply = subject.received.back();
  ASSERT_EQ(reply.text.size(), 16U);
  EXPECT_EQ(static_cast<std::uint8_t>(reply.text[0]), ipv4 ? 0 : 129);
  EXPECT_EQ(reply.ttl, 64);
  EXPECT_LE(subject.transmitted.at(5), reply.time);
}

TEST(TimestampedSocketIcmpTest, HearsEchoRepliesOnADatagramSocket) {
  in_own_network([] {
    std::ofstream("/proc/sys/net/ipv4/ping_group_range") << "0 2147483647";
    expect_echo(TimestampedSocket::Kind::kIcmpDatagram, "127.0.0.1");
    expect_echo(TimestampedSocket::Kind::kIcmpDatagram, "[::1]");
  });
}

TEST(TimestampedSocketIcmpTest, HearsNothingButEchoRepliesOnARawSocket) {
  in_own_network([] {
    expect_echo(TimestampedSocket::Kind::kIcmpRaw, "127.0.0.1");
    expect_echo(TimestampedSocket::Kind::kIcmpRaw, "[::1]");
  });
}

TEST(TimestampedSocketIcmpTest, SaysWhenTheKernelDoesNotAllowIt) {
  in_own_network([] {
    std::ofstream("/proc/sys/net/ipv4/ping_group_range") << "1 0";
    uv::Loop loop;
    EXPECT_EQ(Subject(loop, {.kind = TimestampedSocket::Kind::kIcmpDatagram}).error,
              "open an ICMP datagram socket: Permission denied");
  });
}

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

TEST(TimestampedSocketVethTest, TellsTheKernelsTimeWithoutATurnOfTheLoop) {
  in_own_network([] {
    ASSERT_TRUE(ip("link add near type veth peer name far"));
    ASSERT_TRUE(ip("address add 10.9.0.1/24 dev near"));
    ASSERT_TRUE(ip("link set near up"));
    ASSERT_TRUE(ip("link set far up"));
    ASSERT_TRUE(ip("neighbour add 10.9.0.2 lladdr 02:00:00:00:00:02 dev near"));
    uv::Loop loop;
    Subject a(loop, {.local = endpoint("0.0.0.0:0")});
    // The link carries nothing for a moment after it was set up.
    uv::Timer again(loop, [] {});
    again.start_repeating(1ms);
    EXPECT_TRUE(run_until(loop, [&] {
      const int before = a.kernel_times;
      for (std::uint64_t i = 0; i < 10; ++i) a.send("x", endpoint("10.9.0.2:9"), i);
      a.socket->flush();
      return a.kernel_times == before + 10;
    }));
  });
}

}  // namespace
}  // namespace meshcheck::probe
