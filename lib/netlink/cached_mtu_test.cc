#include "lib/netlink/cached_mtu.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>

#include "lib/netlink/snapshot.h"
#include "lib/testing/network_namespace.h"

namespace meshcheck::netlink {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kDiscardPort = 9;

// near0 <-> far0, where a router has a link of 1300 behind it. All of the way out of this network.
void connect_to(const OtherNamespace& router) {
  ASSERT_TRUE(ip("link add near0 type veth peer name far0"));
  ASSERT_TRUE(ip("link set far0 netns " + std::to_string(router.process())));
  for (const std::string command :
       {"ip link add small0 mtu 1300 type veth peer name small1", "ip link set small1 up",
        "ip link set small0 up", "ip link set far0 up", "ip address add 192.0.2.2/24 dev far0",
        "ip address add 2001:db8::2/64 dev far0 nodad", "ip route add 198.51.100.0/24 dev small0",
        "ip -6 route add 2001:db8:1::/64 dev small0", "echo 1 > /proc/sys/net/ipv4/ip_forward",
        "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding"}) {
    ASSERT_TRUE(router.run(command)) << command;
  }
  ASSERT_TRUE(ip("link set near0 up"));
  ASSERT_TRUE(ip("address add 192.0.2.1/24 dev near0"));
  ASSERT_TRUE(ip("address add 2001:db8::1/64 dev near0 nodad"));
  ASSERT_TRUE(ip("route add default via 192.0.2.2"));
  ASSERT_TRUE(ip("-6 route add default via 2001:db8::2"));
}

// Sends packets of more than 1300 bytes that no router may fragment.
class Sender {
 public:
  Sender() {
    const int discover = IP_PMTUDISC_DO;
    EXPECT_EQ(setsockopt(ipv4_, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover), 0);
  }
  ~Sender() {
    close(ipv4_);
    close(ipv6_);
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // What becomes of it is the kernel's to remember.
  void send(const char* destination) const {
    static constexpr std::array<char, 1400> kPayload{};
    sockaddr_in ipv4{};
    sockaddr_in6 ipv6{};
    if (inet_pton(AF_INET, destination, &ipv4.sin_addr) == 1) {
      ipv4.sin_family = AF_INET;
      ipv4.sin_port = htons(kDiscardPort);
      sendto(ipv4_, kPayload.data(), kPayload.size(), 0, reinterpret_cast<sockaddr*>(&ipv4),
             sizeof ipv4);
    } else {
      ASSERT_EQ(inet_pton(AF_INET6, destination, &ipv6.sin6_addr), 1);
      ipv6.sin6_family = AF_INET6;
      ipv6.sin6_port = htons(kDiscardPort);
      sendto(ipv6_, kPayload.data(), kPayload.size(), 0, reinterpret_cast<sockaddr*>(&ipv6),
             sizeof ipv6);
    }
  }

 private:
  int ipv4_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int ipv6_ = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

// Sends on until the kernel believes something of so many destinations: the message that a packet
// was too big comes in its own time, and the kernel shows what it used after that.
Snapshot take_after_sending(const std::vector<const char*>& destinations) {
  const Sender sender;
  const auto deadline = Clock::now() + 10s;
  while (true) {
    for (const char* const destination : destinations) sender.send(destination);
    auto snapshot = Snapshot::take({});
    EXPECT_TRUE(snapshot) << snapshot.error().message();
    if (!snapshot) return {};
    if (snapshot->cached_mtus.size() >= destinations.size() || Clock::now() > deadline) {
      return *std::move(snapshot);
    }
  }
}

TEST(CachedMtuTest, IsWhatARouterSaid) {
  in_network_namespace([] {
    const OtherNamespace router;
    connect_to(router);
    const Snapshot before = *Snapshot::take({});
    EXPECT_TRUE(before.cached_mtus.empty());
    const Snapshot snapshot = take_after_sending({"198.51.100.7", "2001:db8:1::7"});
    ASSERT_EQ(snapshot.cached_mtus.size(), 2U);
    EXPECT_EQ(snapshot.cached_mtus[0].destination.text(), "198.51.100.7");
    EXPECT_EQ(snapshot.cached_mtus[1].destination.text(), "2001:db8:1::7");
    for (const CachedMtu& cached : snapshot.cached_mtus) {
      EXPECT_EQ(cached.mtu, 1300U);
      ASSERT_TRUE(cached.expires_in);
      EXPECT_GT(*cached.expires_in, 500s);
      EXPECT_LE(*cached.expires_in, 600s);
    }
    EXPECT_EQ(snapshot.routes, before.routes);
  });
}

TEST(CachedMtuTest, IsCountedBeyondTheBound) {
  in_network_namespace([] {
    const OtherNamespace router;
    connect_to(router);
    const Snapshot all = take_after_sending({"198.51.100.7", "198.51.100.8", "198.51.100.9"});
    ASSERT_EQ(all.cached_mtus.size(), 3U);
    const Snapshot bounded =
        *Snapshot::take({.cached_mtus_max = 2, .routes = Snapshot::Routes::kDefaults});
    EXPECT_EQ(bounded.cached_mtus.size(), 2U);
    EXPECT_EQ(bounded.left_out.cached_mtus, 1U);
    EXPECT_EQ(bounded.routes.size(), 2U);
    EXPECT_TRUE(Snapshot::take({.routes = Snapshot::Routes::kNone})->cached_mtus.empty());
  });
}

}  // namespace
}  // namespace meshcheck::netlink
