#include "agent/probing/peer_pings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "lib/testing/loop.h"
#include "lib/testing/network_namespace.h"

namespace meshcheck::agent {
namespace {

using namespace std::chrono_literals;
using mesh::CrossCheck;
using mesh::PathState;
using netlink::in_network_namespace;

// Made inside the namespace.
struct Bench {
  explicit Bench(probe::IcmpProber::Options icmp = {.datagram = false}) : icmp_options(icmp) {}

  void watch(std::size_t peers) {
    std::vector<PeerPings::Target> targets;
    for (std::uint32_t id = 0; id < peers; ++id) {
      targets.push_back(
          {.id = id, .address = *IpAddress::parse("127.0.0." + std::to_string(id + 1))});
    }
    pings.set_paths(targets);
  }
  std::size_t count(CrossCheck result) const {
    std::size_t count = 0;
    for (std::uint32_t id = 0; id < 200; ++id) count += pings.result(id) == result ? 1U : 0U;
    return count;
  }
  bool becomes(CrossCheck result, std::chrono::milliseconds within = 5s) {
    return uv::run_until(
        loop, [&] { return pings.result(0) == result; }, within);
  }

  uv::Loop loop;
  PathState state = PathState::kUp;
  std::optional<std::uint32_t> up;  // All the same.
  int news = 0;
  probe::IcmpProber::Options icmp_options;
  PeerPings pings{loop,
                  {.timeout = 300ms, .interval = 500ms, .icmp = icmp_options},
                  [this](std::uint32_t id) { return id == up ? PathState::kUp : state; },
                  [this] { ++news; }};
};

bool nft(const std::string& command) {
  return std::system(("nft '" + command + "'").c_str()) == 0;
}
void drop_echoes(const std::string& which = "") {
  ASSERT_TRUE(
      nft("add table inet t; add chain inet t c { type filter hook input priority 0; }; "
          "add rule inet t c icmp type echo-request " +
          which + " drop"));
}

TEST(PeerPingsTest, AsksWheneverAPathGoesDown) {
  in_network_namespace([] {
    Bench bench;
    bench.watch(1);
    EXPECT_FALSE(bench.becomes(CrossCheck::kAnswered, 500ms)) << "it is up";
    bench.state = PathState::kDown;
    EXPECT_TRUE(bench.becomes(CrossCheck::kAnswered));
    EXPECT_EQ(bench.news, 1);
    bench.state = PathState::kUp;
    EXPECT_TRUE(bench.becomes(CrossCheck::kNone));
    EXPECT_FALSE(bench.becomes(CrossCheck::kAnswered, 300ms));
    drop_echoes();
    bench.state = PathState::kDown;
    EXPECT_TRUE(bench.becomes(CrossCheck::kUnanswered));
    EXPECT_EQ(bench.news, 2) << "that is worth a report too";
  });
}

TEST(PeerPingsTest, AsksAgainWhileAPathIsDown) {
  in_network_namespace([] {
    Bench bench;
    bench.watch(1);
    bench.state = PathState::kDown;
    EXPECT_TRUE(bench.becomes(CrossCheck::kAnswered));
    drop_echoes();
    EXPECT_TRUE(bench.becomes(CrossCheck::kUnanswered)) << "now the network is cut too";
    ASSERT_TRUE(nft("flush ruleset"));
    EXPECT_TRUE(bench.becomes(CrossCheck::kAnswered)) << "and now no longer";
    EXPECT_EQ(bench.news, 3);
  });
}

TEST(PeerPingsTest, TakesOneLostEchoForChance) {
  in_network_namespace([] {
    drop_echoes("quota until 100 bytes");  // An echo has 84.
    Bench bench;
    bench.watch(1);
    bench.state = PathState::kDown;
    EXPECT_FALSE(bench.becomes(CrossCheck::kUnanswered, 450ms)) << "its time is up";
    EXPECT_TRUE(bench.becomes(CrossCheck::kAnswered, 1s)) << "it is asked again at once";
    EXPECT_EQ(bench.news, 1);
  });
}

TEST(PeerPingsTest, AsksAtOnceWhoseTurnItIs) {
  in_network_namespace([] {
    Bench bench;
    bench.watch(1);
    bench.state = PathState::kDown;
    bench.pings.look();
    EXPECT_TRUE(bench.becomes(CrossCheck::kAnswered, 150ms)) << "and not a sweep later";
  });
}

TEST(PeerPingsTest, AsksFewAtOnceAndAllInTheEnd) {
  in_network_namespace([] {
    Bench bench;
    bench.watch(100);
    bench.state = PathState::kDown;
    for (int i = 0; i < 3; ++i) bench.pings.look();
    const auto all = [&] { return bench.count(CrossCheck::kAnswered); };
    EXPECT_TRUE(uv::run_until(bench.loop, [&] { return all() > 0; }));
    EXPECT_LE(all(), PeerPings::kPingsMax);
    EXPECT_TRUE(uv::run_until(
        bench.loop, [&] { return all() == 100; }, 5s));
  });
}

TEST(PeerPingsTest, AsksFirstWhomItNeverAsked) {
  in_network_namespace([] {
    constexpr std::uint32_t kLate = 150;
    Bench bench;
    bench.watch(200);
    bench.up = kLate;
    bench.state = PathState::kDown;
    EXPECT_TRUE(uv::run_until(
        bench.loop, [&] { return bench.count(CrossCheck::kAnswered) == 199; }, 10s));
    bench.up.reset();
    EXPECT_TRUE(uv::run_until(
        bench.loop, [&] { return bench.pings.result(kLate) == CrossCheck::kAnswered; }, 900ms))
        << "its turn among all comes 1.5 s later";
  });
}

TEST(PeerPingsTest, KnowsNothingWithoutPings) {
  in_network_namespace([] {
    Bench bench({.datagram = false, .raw = false});
    bench.watch(1);
    bench.state = PathState::kDown;
    EXPECT_FALSE(bench.becomes(CrossCheck::kUnanswered, 1s));
    EXPECT_EQ(bench.pings.result(0), CrossCheck::kNone);
  });
}

TEST(PeerPingsTest, KnowsNothingOfAnEchoThatTheKernelDidNotSend) {
  in_network_namespace([] {
    ASSERT_TRUE(
        nft("add table inet t; add chain inet t c { type filter hook output priority 0; }; "
            "add rule inet t c icmp type echo-request drop"));
    Bench bench;
    bench.watch(1);
    bench.state = PathState::kDown;
    EXPECT_FALSE(bench.becomes(CrossCheck::kUnanswered, 1s));
    EXPECT_EQ(bench.pings.result(0), CrossCheck::kNone);
    ASSERT_TRUE(nft("flush ruleset"));
    EXPECT_TRUE(bench.becomes(CrossCheck::kAnswered, 1s)) << "it is tried again";
  });
}

}  // namespace
}  // namespace meshcheck::agent
