#include "probe/timestamped_socket.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/testing/loop.h"
#include "probe/network_testing.h"
#include "probe/socket_subject_testing.h"

namespace meshcheck::probe {
namespace {

using namespace std::chrono_literals;

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
