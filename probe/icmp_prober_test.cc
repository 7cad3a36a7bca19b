#include "probe/icmp_prober.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>

#include "lib/testing/loop.h"
#include "probe/network_testing.h"

namespace meshcheck::probe {
namespace {

using namespace std::chrono_literals;
using Family = IpAddress::Family;

Endpoint to(const char* address, std::uint32_t scope = 0) {
  return {.address = *IpAddress::parse(address), .port = 0, .scope = scope};
}

void allow_datagram_sockets(bool allowed) {
  std::ofstream("/proc/sys/net/ipv4/ping_group_range") << (allowed ? "0 2147483647" : "1 0");
}

// Of this thread alone, unlike what the C library has; and with the user go all capabilities.
bool drop_privileges() {
  return syscall(SYS_setresuid, 12345, 12345, 12345) == 0;
}

// Collects what comes back. Made inside the namespace.
class Pinger {
 public:
  explicit Pinger(const IcmpProber::Options& options = {})
      : prober(loop, options,
               {.on_reply = [this](const auto& reply) { replies.push_back(reply); },
                .on_failure = [this](const auto& failure) { failures.push_back(failure); }}) {}

  // Whether something became of all probes.
  bool run(const std::vector<IcmpProber::Probe>& probes) {
    for (const auto& probe : probes) prober.send(probe);
    prober.flush();
    return run_until(loop, [&] { return replies.size() + failures.size() >= probes.size(); });
  }

  // Again and again until the reply to the probe has the kernel's times: it takes receive times a
  // moment after the first socket asked for them, not at once.
  bool hears_kernel_times(const IcmpProber::Probe& probe) {
    const auto deadline = Clock::now() + std::chrono::seconds(5);
    do {
      replies.clear();
      if (!run({probe}) || replies.size() != 1) return false;
    } while (!replies.front().kernel_times && Clock::now() < deadline);
    return replies.front().kernel_times;
  }

  uv::Loop loop;
  std::vector<IcmpProber::Reply> replies;
  std::vector<IcmpProber::Failure> failures;
  IcmpProber prober;
};

// Both kinds of socket have to do the same.
void with_both_kinds(const std::function<void(const IcmpProber::Options&)>& body) {
  in_own_network([&] {
    allow_datagram_sockets(true);
    for (const bool datagram : {true, false}) {
      SCOPED_TRACE(datagram ? "datagram" : "raw");
      body({.datagram = datagram, .raw = !datagram});
    }
  });
}

TEST(IcmpProberTest, HearsTheReplyWithBothTimesOfTheKernel) {
  with_both_kinds([](const IcmpProber::Options& options) {
    Pinger pinger(options);
    ASSERT_EQ(pinger.prober.kind(), options.datagram ? "datagram" : "raw");
    for (const char* address : {"127.0.0.1", "::1"}) {
      const WallTime before = WallClock::now();
      ASSERT_TRUE(
          pinger.hears_kernel_times({.id = 7, .sequence = 70'000'000'000, .to = to(address)}));
      const auto& reply = pinger.replies.front();
      EXPECT_EQ(reply.id, 7U);
      EXPECT_EQ(reply.sequence, 70'000'000'000U);
      EXPECT_EQ(reply.from.text(), address);
      ASSERT_TRUE(reply.sent);
      EXPECT_GE(*reply.sent, before);
      EXPECT_GT(reply.received, *reply.sent);
      EXPECT_LE(reply.received, WallClock::now());
    }
    EXPECT_TRUE(pinger.failures.empty());
  });
}

TEST(IcmpProberTest, HasOnlyUserTimesWithoutTheKernels) {
  with_both_kinds([](IcmpProber::Options options) {
    options.kernel_times = false;
    Pinger pinger(options);
    ASSERT_TRUE(pinger.run({{.id = 1, .sequence = 0, .to = to("127.0.0.1")}}));
    ASSERT_EQ(pinger.replies.size(), 1U);
    EXPECT_FALSE(pinger.replies.front().kernel_times);
    EXPECT_TRUE(pinger.replies.front().sent);
  });
}

TEST(IcmpProberTest, SendsManyOfAnySizeAtOnce) {
  with_both_kinds([](const IcmpProber::Options& options) {
    Pinger pinger(options);
    std::vector<IcmpProber::Probe> probes;
    for (std::uint32_t i = 0; i < 100; ++i) {
      const std::size_t size =
          icmp::kPayloadSizeMin + i * (icmp::kPayloadSizeMax - icmp::kPayloadSizeMin) / 99;
      probes.push_back({.id = i,
                        .sequence = i,
                        .to = to(i % 2 == 0 ? "127.0.0.1" : "::1"),
                        .payload_size = size});
    }
    EXPECT_TRUE(pinger.run(probes));
    EXPECT_EQ(pinger.replies.size(), 100U);
    for (const auto& reply : pinger.replies) EXPECT_TRUE(reply.sent);
  });
}

TEST(IcmpProberTest, DoesNotHearTheRepliesToOthers) {
  with_both_kinds([](const IcmpProber::Options& options) {
    Pinger pinger(options);
    Pinger other(options);
    ASSERT_TRUE(pinger.run({{.id = 1, .sequence = 1, .to = to("127.0.0.1")}}));
    ASSERT_TRUE(other.run({{.id = 2, .sequence = 2, .to = to("127.0.0.1")}}));
    pinger.prober.drain();
    ASSERT_EQ(pinger.replies.size(), 1U);
    EXPECT_EQ(pinger.replies.front().id, 1U);
    ASSERT_EQ(other.replies.size(), 1U);
    EXPECT_EQ(other.replies.front().id, 2U);
  });
}

TEST(IcmpProberTest, ReachesALinkLocalAddressThroughItsScope) {
  with_both_kinds([](const IcmpProber::Options& options) {
    ip("link del wire0 2>/dev/null");
    ASSERT_TRUE(ip("link add wire0 index 91 type veth peer name wire1 index 92"));
    std::ofstream("/proc/sys/net/ipv6/conf/wire0/accept_dad") << 0;
    std::ofstream("/proc/sys/net/ipv6/conf/wire1/accept_dad") << 0;
    ASSERT_TRUE(ip("link set wire0 addrgenmode none up"));
    ASSERT_TRUE(ip("link set wire1 addrgenmode none up"));
    ASSERT_TRUE(ip("address add fe80::1/64 dev wire0 nodad"));
    ASSERT_TRUE(ip("address add fe80::2/64 dev wire1 nodad"));
    Pinger pinger(options);
    ASSERT_TRUE(pinger.run({{.id = 1, .sequence = 1, .to = to("fe80::2", 91)}}));
    EXPECT_EQ(pinger.replies.size(), 1U);
  });
}

TEST(IcmpProberTest, SaysWhyAProbeCannotArrive) {
  with_both_kinds([](const IcmpProber::Options& options) {
    ip("link del wire0 2>/dev/null");
    ASSERT_TRUE(ip("link add wire0 type veth peer name wire1"));
    std::ofstream("/proc/sys/net/ipv4/neigh/wire0/retrans_time_ms") << 20;
    std::ofstream("/proc/sys/net/ipv6/neigh/wire0/retrans_time_ms") << 20;
    ASSERT_TRUE(ip("link set wire1 up"));
    ASSERT_TRUE(ip("link set wire0 up"));
    ASSERT_TRUE(ip("address add 192.0.2.1/24 dev wire0"));
    ASSERT_TRUE(ip("address add 2001:db8::1/64 dev wire0 nodad"));
    Pinger pinger(options);
    ASSERT_TRUE(pinger.run({{.id = 1, .sequence = 1, .to = to("192.0.2.2")},
                            {.id = 2, .sequence = 2, .to = to("2001:db8::2")},
                            {.id = 3, .sequence = 3, .to = to("203.0.113.1")}}));
    ASSERT_EQ(pinger.failures.size(), 3U);
    std::array<std::string, 4> errors;
    for (const auto& failure : pinger.failures) {
      EXPECT_EQ(failure.id, failure.sequence);
      errors.at(failure.id) = failure.error;
    }
    EXPECT_EQ(errors[1], "host unreachable, says 192.0.2.1");
    EXPECT_EQ(errors[2].substr(0, 19), "address unreachable");
    EXPECT_EQ(errors[3], "network is unreachable");
  });
}

TEST(IcmpProberTest, SaysWhatToSetWhereThereIsNoSocket) {
  in_own_network([] {
    allow_datagram_sockets(false);
    ASSERT_TRUE(drop_privileges());
    const Pinger pinger;
    EXPECT_FALSE(pinger.prober.available(Family::kIpv4));
    EXPECT_FALSE(pinger.prober.available(Family::kIpv6));
    EXPECT_EQ(pinger.prober.kind(),
              "no ICMP: neither net.ipv4.ping_group_range nor CAP_NET_RAW allows it");
  });
}

TEST(IcmpProberTest, NeedsNoCapabilityWhereTheGroupIsAllowed) {
  in_own_network([] {
    allow_datagram_sockets(true);
    ASSERT_TRUE(drop_privileges());
    Pinger pinger;
    ASSERT_EQ(pinger.prober.kind(), "datagram");
    EXPECT_TRUE(pinger.hears_kernel_times({.id = 1, .sequence = 1, .to = to("127.0.0.1")}));
  });
}

}  // namespace
}  // namespace meshcheck::probe
