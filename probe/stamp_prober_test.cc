#include "probe/stamp_prober.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/testing/loop.h"
#include "lib/testing/no_descriptors.h"
#include "lib/uv/udp_socket.h"
#include "probe/network_testing.h"
#include "probe/stamp_reflector.h"

namespace meshcheck::probe {
namespace {

using namespace std::chrono_literals;
using mesh::PathState;

std::optional<stamp::Key> key(std::uint8_t byte) {
  return *stamp::Key::from_bytes(std::vector<std::uint8_t>(32, byte));
}

Endpoint endpoint(const std::string& address, std::uint16_t port) {
  return *Endpoint::parse(address + ":" + std::to_string(port));
}

// Both ends in one loop, in a hurry.
class StampProberTest : public testing::Test {
 protected:
  void start_reflector(bool open = true, std::uint16_t port = 0) {
    auto started = StampReflector::start(loop_, {.port = port, .open = open});
    ASSERT_TRUE(started) << started.error().message();
    reflector_.emplace(*std::move(started));
  }
  void start_prober(bool kernel_times = true) {
    prober_ = std::make_unique<StampProber>(
        loop_,
        StampProber::Options{
            .interval = 20ms, .timeout = 100ms, .ssid = 77, .kernel_times = kernel_times},
        [this] { ++changes_; });
  }
  bool run_until_state(std::uint32_t id, PathState state) {
    return run_until(loop_, [=, this] { return prober_->path(id)->state() == state; });
  }
  bool run_until_sent(std::uint32_t id, std::uint64_t probes) {
    return run_until(loop_, [=, this] { return prober_->path(id)->totals().sent >= probes; });
  }
  mesh::PathSummary summary(std::uint32_t id) { return prober_->path(id)->summary(Clock::now()); }

  uv::Loop loop_;
  std::optional<StampReflector> reflector_;
  std::unique_ptr<StampProber> prober_;
  int changes_ = 0;
};

struct Mode {
  bool ipv6 = false;
  bool authenticated = false;
  bool kernel_times = true;
};
class StampProberModeTest : public StampProberTest, public testing::WithParamInterface<Mode> {};
INSTANTIATE_TEST_SUITE_P(Modes, StampProberModeTest,
                         testing::Values(Mode{}, Mode{.ipv6 = true}, Mode{.authenticated = true},
                                         Mode{.ipv6 = true, .authenticated = true},
                                         Mode{.kernel_times = false}),
                         [](const auto& mode) {
                           return std::string(mode.param.ipv6 ? "Ipv6" : "Ipv4") +
                                  (mode.param.authenticated ? "Authenticated" : "Open") +
                                  (mode.param.kernel_times ? "" : "WithItsOwnClock");
                         });

TEST_P(StampProberModeTest, SeesPathsUpWithoutLoss) {
  start_reflector(!GetParam().authenticated);
  start_prober(GetParam().kernel_times);
  if (GetParam().authenticated) {
    reflector_->set_keys(key(1), std::nullopt);
    prober_->set_key(key(1));
  }
  // Replies have to come from the address that was asked.
  const std::vector<std::string> addresses =
      GetParam().ipv6 ? std::vector<std::string>{"[::1]"}
                      : std::vector<std::string>{"127.0.0.1", "127.0.0.2", "127.0.0.3"};
  std::vector<StampProber::Target> targets;
  for (std::uint32_t i = 0; i < addresses.size(); ++i) {
    targets.push_back({.id = i, .endpoint = endpoint(addresses[i], reflector_->port())});
  }
  prober_->set_paths(targets);
  for (const StampProber::Target& target : targets) ASSERT_TRUE(run_until_sent(target.id, 20));
  std::uint64_t sent = 0;
  for (const StampProber::Target& target : targets) {
    const mesh::PathSummary summary = this->summary(target.id);
    EXPECT_EQ(summary.state, PathState::kUp);
    EXPECT_EQ(summary.lost, 0U);
    EXPECT_EQ(summary.duplicated, 0U);
    ASSERT_TRUE(summary.round_trips);
    EXPECT_GT(summary.round_trips->p50, 0us);
    EXPECT_LT(summary.round_trips->p50, 20ms);
    sent += summary.sent;
  }
  EXPECT_EQ(prober_->kernel_times(), GetParam().kernel_times);
  EXPECT_EQ(prober_->counts().unmatched, 0U);
  EXPECT_EQ(prober_->counts().starved, 0U);
  EXPECT_EQ(prober_->totals().sent, sent);
  std::uint64_t counted = 0;
  for (const std::uint64_t count : prober_->round_trips().counts) counted += count;
  EXPECT_EQ(counted + targets.size(), sent) << "all but the latest of each path are final";
  EXPECT_EQ(reflector_->heard(Clock::now()).size(), 1U) << "however many ports it sends from";
}

TEST_F(StampProberTest, IsDownWithAWrongKey) {
  start_reflector(false);
  start_prober();
  reflector_->set_keys(key(1), std::nullopt);
  prober_->set_key(key(2));
  prober_->set_paths({{.id = 5, .endpoint = endpoint("127.0.0.1", reflector_->port())}});
  ASSERT_TRUE(run_until_state(5, PathState::kDown));
  EXPECT_EQ(changes_, 1);
  EXPECT_EQ(reflector_->counts().replies, 0U);
  EXPECT_GE(reflector_->counts().refused, 3U);
}

TEST_F(StampProberTest, ChangesTheKeyWithoutALoss) {
  start_reflector(false);
  start_prober();
  reflector_->set_keys(key(1), std::nullopt);
  prober_->set_key(key(1));
  prober_->set_paths({{.id = 5, .endpoint = endpoint("127.0.0.1", reflector_->port())}});
  ASSERT_TRUE(run_until_state(5, PathState::kUp));
  reflector_->set_keys(key(2), key(1));
  ASSERT_TRUE(run_until_sent(5, 10));
  prober_->set_key(key(2));
  ASSERT_TRUE(run_until_sent(5, 20));
  reflector_->set_keys(key(2), std::nullopt);
  ASSERT_TRUE(run_until_sent(5, 30));
  EXPECT_EQ(prober_->path(5)->totals().lost, 0U);
  EXPECT_EQ(prober_->path(5)->state(), PathState::kUp);
  EXPECT_EQ(changes_, 0);
}

TEST_F(StampProberTest, AccusesNobodyWhileItHasNoSocketAndOpensOneLater) {
  start_reflector();
  start_prober();
  {
    const NoDescriptors none;
    prober_->set_paths({{.id = 5, .endpoint = endpoint("127.0.0.1", reflector_->port())}});
    ASSERT_TRUE(run_until(loop_, [&] { return prober_->path(5)->totals().voided >= 10; }));
  }
  EXPECT_EQ(prober_->path(5)->totals().lost, 0U);
  EXPECT_EQ(prober_->path(5)->state(), PathState::kUnknown);
  EXPECT_EQ(summary(5).error, "open a UDP socket: Too many open files");
  EXPECT_TRUE(run_until_state(5, PathState::kUp));
}

// Packets to a neighbour that is looked for stay in their socket's buffer.
TEST_F(StampProberTest, AccusesNobodyOfProbesThatItsOwnBufferHadNoRoomFor) {
  in_own_network([this] {
    ASSERT_TRUE(ip("link add wire0 type veth peer name wire1"));
    ASSERT_TRUE(ip("link set wire1 up"));
    ASSERT_TRUE(ip("address add 10.77.0.2/24 dev wire0"));
    ASSERT_TRUE(ip("link set wire0 up"));
    std::ofstream("/proc/sys/net/ipv4/neigh/wire0/unres_qlen_bytes") << "100000000";
    std::ofstream("/proc/sys/net/ipv4/neigh/wire0/retrans_time_ms") << "100000";
    start_prober();
    std::vector<StampProber::Target> targets;
    for (std::uint16_t i = 1; i <= 100; ++i) {
      targets.push_back({.id = i, .endpoint = endpoint("10.77.0.1", i)});
    }
    prober_->set_paths(targets);
    ASSERT_TRUE(run_until(loop_, [&] { return prober_->totals().voided >= 100; }));
    // Its own first packets may have had room.
    EXPECT_TRUE(run_until(loop_, [&] { return !summary(5).error.empty(); }));
    EXPECT_EQ(summary(5).error, "resource temporarily unavailable");
    EXPECT_TRUE(run_until_state(5, PathState::kUnknown));
    prober_.reset();
  });
}

TEST_F(StampProberTest, IsDownWhileTheReflectorIsAndSaysWhy) {
  start_reflector();
  start_prober();
  const std::uint16_t port = reflector_->port();
  prober_->set_paths({{.id = 5, .endpoint = endpoint("127.0.0.1", port)}});
  ASSERT_TRUE(run_until_state(5, PathState::kUp));
  reflector_.reset();
  ASSERT_TRUE(run_until_state(5, PathState::kDown));
  EXPECT_EQ(summary(5).error, "connection refused");
  EXPECT_LE(summary(5).lost, 3U) << "nobody waited for the time to run out";
  ASSERT_TRUE(run_until(loop_, [&] { return changes_ == 1; }));
  start_reflector(true, port);
  ASSERT_TRUE(run_until_state(5, PathState::kUp));
  ASSERT_TRUE(run_until(loop_, [&] { return changes_ == 2; }));
}

// Passes datagrams on and drops some.
class Relay {
 public:
  Relay(uv::Loop& loop, const Endpoint& server)
      : loop_(loop),
        server_(server),
        front_(*uv::UdpSocket::bind(
            loop, *Endpoint::parse("127.0.0.1:0"),
            [this](std::string_view bytes, const Endpoint& client) { forward(bytes, client); })) {}

  Endpoint local() const { return front_.local(); }

  int drop_forward_each = 0;  // Each so manieth; 0: none.
  int drop_backward_each = 0;
  std::uint64_t dropped = 0;

 private:
  void forward(std::string_view bytes, const Endpoint& client) {
    if (drops(drop_forward_each, ++forward_)) return;
    auto back = backs_.find(client);
    if (back == backs_.end()) {
      back = backs_
                 .emplace(client, *uv::UdpSocket::bind(
                                      loop_, *Endpoint::parse("127.0.0.1:0"),
                                      [this, client](std::string_view reply, const Endpoint&) {
                                        if (drops(drop_backward_each, ++backward_)) return;
                                        ASSERT_TRUE(front_.send(reply, client));
                                      }))
                 .first;
    }
    ASSERT_TRUE(back->second.send(bytes, server_));
  }
  bool drops(int each, int count) {
    if (each == 0 || count % each != 0) return false;
    ++dropped;
    return true;
  }

  uv::Loop& loop_;
  Endpoint server_;
  uv::UdpSocket front_;
  std::map<Endpoint, uv::UdpSocket> backs_;
  int forward_ = 0;
  int backward_ = 0;
};

class StampProberLossTest : public StampProberTest, public testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Directions, StampProberLossTest, testing::Bool(), [](const auto& forward) {
  return forward.param ? "Forward" : "Backward";
});

TEST_P(StampProberLossTest, TellsInWhichDirectionProbesWereLost) {
  start_reflector();
  start_prober();
  Relay relay(loop_, endpoint("127.0.0.1", reflector_->port()));
  int& drop_each = GetParam() ? relay.drop_forward_each : relay.drop_backward_each;
  drop_each = 4;
  prober_->set_paths({{.id = 1, .endpoint = relay.local()}});
  ASSERT_TRUE(run_until_sent(1, 21));
  drop_each = 0;
  // All that was lost is known once later probes were answered and the time of those has run out.
  const auto is_settled = [&] {
    const mesh::PathTotals totals = prober_->path(1)->totals();
    return totals.lost == relay.dropped &&
           totals.lost_forward + totals.lost_backward == relay.dropped;
  };
  ASSERT_TRUE(run_until(loop_, is_settled));
  EXPECT_GE(relay.dropped, 5U);
  const mesh::PathTotals totals = prober_->path(1)->totals();
  EXPECT_EQ(GetParam() ? totals.lost_backward : totals.lost_forward, 0U);
}

TEST_F(StampProberTest, KeepsPathsWhoseTargetStaysAndCountsThoseThatWent) {
  start_reflector();
  start_prober();
  const StampProber::Target stays{.id = 1, .endpoint = endpoint("127.0.0.1", reflector_->port())};
  const StampProber::Target goes{.id = 2, .endpoint = endpoint("127.0.0.2", reflector_->port())};
  const StampProber::Target uncounted{
      .id = 3, .endpoint = endpoint("127.0.0.3", reflector_->port()), .counted = false};
  prober_->set_paths({goes, stays, uncounted});
  ASSERT_TRUE(run_until_sent(1, 5));
  ASSERT_TRUE(run_until_sent(2, 5));
  ASSERT_TRUE(run_until_sent(3, 5));
  const std::uint64_t before = prober_->path(1)->totals().sent;
  const std::uint64_t gone = prober_->path(2)->totals().sent;
  prober_->set_paths({stays});
  EXPECT_EQ(prober_->path(2), nullptr);
  EXPECT_EQ(prober_->path(1)->totals().sent, before);
  EXPECT_EQ(prober_->totals().sent, before + gone);
  ASSERT_TRUE(run_until_sent(1, before + 5));
  EXPECT_EQ(prober_->path(1)->totals().lost, 0U);
  prober_->set_paths({});
  EXPECT_GE(prober_->totals().sent, before + gone + 5);
}

TEST_F(StampProberTest, LeavesOutTargetsThatItCouldNotTellApart) {
  start_prober();
  prober_->set_paths({{.id = 1, .endpoint = endpoint("127.0.0.1", 9)},
                      {.id = 2, .endpoint = endpoint("127.0.0.1", 9)},
                      {.id = 1, .endpoint = endpoint("127.0.0.2", 9)},
                      {.id = 3, .endpoint = endpoint("127.0.0.2", 9)}});
  EXPECT_NE(prober_->path(1), nullptr);
  EXPECT_EQ(prober_->path(2), nullptr);
  EXPECT_NE(prober_->path(3), nullptr);
}

TEST_F(StampProberTest, BeginsAnewWithOtherSettings) {
  start_reflector();
  start_prober();
  prober_->set_paths({{.id = 1, .endpoint = endpoint("127.0.0.1", reflector_->port())}});
  ASSERT_TRUE(run_until_state(1, PathState::kUp));
  prober_->set_settings(20ms, 100ms);
  EXPECT_EQ(prober_->path(1)->state(), PathState::kUp) << "nothing changed";
  const std::uint64_t before = prober_->totals().sent;
  prober_->set_settings(10ms, 200ms);
  EXPECT_EQ(prober_->path(1)->state(), PathState::kUnknown);
  EXPECT_EQ(prober_->totals().sent, before);
  ASSERT_TRUE(run_until_sent(1, 20));
  EXPECT_EQ(prober_->path(1)->state(), PathState::kUp);
  EXPECT_EQ(prober_->path(1)->totals().lost, 0U);
}

TEST_F(StampProberTest, JudgesNothingAfterItDidNotRun) {
  start_reflector();
  start_prober();
  prober_->set_paths({{.id = 1, .endpoint = endpoint("127.0.0.1", reflector_->port())}});
  ASSERT_TRUE(run_until_sent(1, 15)) << "until it has looked at the time before";
  reflector_.reset();
  // What keeps the loop from turning would look the same.
  const auto end = Clock::now() + 600ms;
  while (Clock::now() < end) continue;
  ASSERT_TRUE(run_until(loop_, [&] { return prober_->counts().starved > 0; }));
  EXPECT_EQ(prober_->path(1)->state(), PathState::kUnknown);
}

TEST_F(StampProberTest, SendsFromEachOfItsPorts) {
  std::map<Endpoint, int> senders;
  auto target =
      *uv::UdpSocket::bind(loop_, *Endpoint::parse("127.0.0.1:0"),
                           [&](std::string_view, const Endpoint& sender) { ++senders[sender]; });
  start_prober();
  prober_->set_paths({{.id = 1, .endpoint = target.local()}});
  ASSERT_TRUE(run_until_sent(1, 12));
  EXPECT_EQ(senders.size(), 4U);
  for (const auto& [sender, probes] : senders) EXPECT_GE(probes, 3);
}

}  // namespace
}  // namespace meshcheck::probe
