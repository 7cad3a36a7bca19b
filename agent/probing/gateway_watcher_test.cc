#include "agent/probing/gateway_watcher.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "lib/testing/network_namespace.h"
#include "lib/uv/timer.h"

namespace meshcheck::agent {
namespace {

using namespace std::chrono_literals;
using netlink::in_network_namespace;
using netlink::ip;
using Texts = std::vector<std::string>;

// Two links with addresses of both families. Made inside the namespace.
void make_links() {
  for (const std::string name : {"wire0", "wire1"}) {
    ASSERT_TRUE(ip("link add " + name + " type veth peer name far-" + name));
    ASSERT_TRUE(ip("link set far-" + name + " up"));
    std::ofstream("/proc/sys/net/ipv6/conf/" + name + "/accept_dad") << 0;
    ASSERT_TRUE(ip("link set " + name + " up"));
  }
  ASSERT_TRUE(ip("address add 192.0.2.1/24 dev wire0"));
  ASSERT_TRUE(ip("address add 2001:db8::1/64 dev wire0 nodad"));
}

class Watch {
 public:
  explicit Watch(const GatewayWatcher::Options& options = {})
      : deadline_(loop_, [this] {
          expired_ = true;
          loop_.stop();
        }) {
    auto watcher = GatewayWatcher::start(loop_, Log({.level = Log::Level::kError}), options,
                                         [this](const auto& gateways) { note(gateways); });
    EXPECT_TRUE(watcher);
    watcher_.emplace(*std::move(watcher));
  }

  // Whether the gateways became these in time.
  bool becomes(const Texts& wanted, std::chrono::milliseconds within = 10s) {
    wanted_ = wanted;
    expired_ = false;
    deadline_.start(within);
    while (texts_ != wanted_ && !expired_) loop_.run_once();
    return texts_ == wanted_;
  }
  int changes() const { return changes_; }

 private:
  void note(const std::vector<WatchedGateway>& gateways) {
    ++changes_;
    texts_.clear();
    for (const WatchedGateway& gateway : gateways) texts_.push_back(gateway.text());
  }

  uv::Loop loop_;
  uv::Timer deadline_;
  bool expired_ = false;
  int changes_ = 0;
  Texts texts_;
  Texts wanted_;
  std::optional<GatewayWatcher> watcher_;
};

TEST(GatewayWatcherTest, SaysWhatIsThereAndFollowsIt) {
  in_network_namespace([] {
    make_links();
    ASSERT_TRUE(ip("route add default via 192.0.2.254"));
    Watch watch;
    EXPECT_TRUE(watch.becomes({"192.0.2.254"}));
    ASSERT_TRUE(ip("-6 route add default via 2001:db8::fe"));
    EXPECT_TRUE(watch.becomes({"192.0.2.254", "2001:db8::fe"}));
    ASSERT_TRUE(ip("route replace default via 192.0.2.253"));
    EXPECT_TRUE(watch.becomes({"192.0.2.253", "2001:db8::fe"}));
    ASSERT_TRUE(ip("route del default"));
    ASSERT_TRUE(ip("-6 route del default"));
    EXPECT_TRUE(watch.becomes({}));
  });
}

TEST(GatewayWatcherTest, TellsLinkLocalGatewaysApartByTheirLinks) {
  in_network_namespace([] {
    make_links();
    ASSERT_TRUE(ip("-6 route add default via fe80::1 dev wire0 metric 10"));
    ASSERT_TRUE(ip("-6 route add default via fe80::1 dev wire1 metric 20"));
    Watch watch;
    EXPECT_TRUE(watch.becomes({"fe80::1%wire0", "fe80::1%wire1"}));
    ASSERT_TRUE(ip("link del wire0"));
    EXPECT_TRUE(watch.becomes({"fe80::1%wire1"}));
  });
}

TEST(GatewayWatcherTest, NoticesThatRoutesWentWithTheirLink) {
  in_network_namespace([] {
    make_links();
    ASSERT_TRUE(ip("route add default via 192.0.2.254"));
    Watch watch;
    EXPECT_TRUE(watch.becomes({"192.0.2.254"}));
    ASSERT_TRUE(ip("link set wire0 down"));
    EXPECT_TRUE(watch.becomes({}));
  });
}

TEST(GatewayWatcherTest, NoticesWhatTheKernelDoesNotAnnounce) {
  in_network_namespace([] {
    make_links();
    ASSERT_TRUE(ip("nexthop add id 1 via 192.0.2.254 dev wire0"));
    ASSERT_TRUE(ip("route add default nhid 1"));
    Watch watch({.reread = 50ms});
    EXPECT_TRUE(watch.becomes({"192.0.2.254"}));
    ASSERT_TRUE(ip("nexthop del id 1"));
    EXPECT_TRUE(watch.becomes({}, 5s));
  });
}

TEST(GatewayWatcherTest, ReadsOnceForASwarmOfAnnouncements) {
  in_network_namespace([] {
    make_links();
    Watch watch({.settle = 300ms});
    for (int i = 1; i < 20; ++i) {
      ASSERT_TRUE(ip("route add default via 192.0.2." + std::to_string(i) + " metric " +
                     std::to_string(i)));
    }
    EXPECT_FALSE(watch.becomes({"none"}, 1s));
    // The first read may have come in between.
    EXPECT_LE(watch.changes(), 2);
  });
}

TEST(GatewayWatcherTest, HasABound) {
  in_network_namespace([] {
    make_links();
    for (int i = 1; i <= 20; ++i) {
      ASSERT_TRUE(ip("route add default via 192.0.2." + std::to_string(i) + " metric " +
                     std::to_string(i)));
    }
    Texts first;
    for (std::size_t i = 1; i <= kGatewaysMax; ++i) first.push_back("192.0.2." + std::to_string(i));
    EXPECT_TRUE(Watch().becomes(first));
  });
}

TEST(GatewayWatcherTest, MayBeDestroyedInsideItsOwnCallback) {
  in_network_namespace([] {
    make_links();
    ASSERT_TRUE(ip("route add default via 192.0.2.254"));
    uv::Loop loop;
    std::optional<GatewayWatcher> watcher;
    const std::string long_lived = "captured by value, so that a freed closure shows under asan";
    std::string seen;
    auto started = GatewayWatcher::start(loop, Log(), [&, long_lived](const auto& gateways) {
      watcher.reset();
      seen = long_lived + gateways.front().text();
    });
    ASSERT_TRUE(started);
    watcher.emplace(*std::move(started));
    loop.run();
    EXPECT_EQ(seen, long_lived + "192.0.2.254");
  });
}

TEST(WatchedGatewaysTest, LeaveOutRoutesWithoutAGateway) {
  netlink::Snapshot snapshot;
  netlink::Route route;
  route.next_hops = {{.gateway = std::nullopt, .link_index = 3},
                     {.gateway = *IpAddress::parse("192.0.2.1"), .link_index = 4},
                     {.gateway = *IpAddress::parse("192.0.2.1"), .link_index = 5}};
  snapshot.routes = {route};
  const auto gateways = watched_gateways(snapshot);
  ASSERT_EQ(gateways.size(), 1U);
  EXPECT_EQ(gateways.front().text(), "192.0.2.1");
  EXPECT_EQ(gateways.front().endpoint.scope, 0U);
  EXPECT_EQ(gateways.front().link, "4") << "a link that is not in the snapshot";
}

}  // namespace
}  // namespace meshcheck::agent
