#include "probe/udp_probe.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "lib/uv/udp_socket.h"
#include "probe/network_testing.h"

namespace meshcheck::probe {
namespace {

using namespace std::chrono_literals;

class UdpProbeTest : public testing::Test {
 protected:
  std::string run(const Endpoint& peer, std::chrono::milliseconds timeout = 5s) {
    std::string text = "not called";
    std::optional<UdpProbe> probe;
    const auto started = Clock::now();
    bool constructed = false;
    probe.emplace(loop_, peer, timeout, [&](Result<std::chrono::nanoseconds> result) {
      EXPECT_TRUE(constructed) << "called later";
      elapsed_ = Clock::now() - started;
      text = result ? "" : result.error().message();
      if (result) round_trip_ = *result;
      probe.reset();
      server_.reset();
    });
    constructed = true;
    loop_.run();
    return text;
  }

  // A server that answers with `answer`, or not at all.
  Endpoint serve(const char* endpoint, std::optional<std::string> answer) {
    auto server =
        uv::UdpSocket::bind(loop_, *Endpoint::parse(endpoint),
                            [this, answer](std::string_view bytes, const Endpoint& sender) {
                              received_ = bytes;
                              if (answer) server_->send(*answer, sender).has_value();
                            });
    EXPECT_TRUE(server);
    server_.emplace(*std::move(server));
    return server_->local();
  }

  uv::Loop loop_;
  std::optional<uv::UdpSocket> server_;
  std::string received_;
  std::chrono::nanoseconds round_trip_{-1};
  Clock::duration elapsed_{};
};

TEST_F(UdpProbeTest, TakesAnyAnswer) {
  for (const char* address : {"127.0.0.1:0", "[::1]:0"}) {
    for (const std::string answer : {"health check", "x", ""}) {
      EXPECT_EQ(run(serve(address, answer)), "");
      EXPECT_EQ(received_, "health check");
      EXPECT_GT(round_trip_, 0ns);
      EXPECT_LE(round_trip_, elapsed_);
    }
  }
}

TEST_F(UdpProbeTest, SaysAtOnceThatThePortIsUnreachable) {
  for (const char* address : {"127.0.0.1:0", "[::1]:0"}) {
    const Endpoint free = serve(address, std::nullopt);
    server_.reset();
    EXPECT_EQ(run(free), "port unreachable");
    EXPECT_LT(elapsed_, 2s);
  }
}

TEST_F(UdpProbeTest, EndsWithItsTimeoutWhenNobodyAnswers) {
  EXPECT_EQ(run(serve("127.0.0.1:0", std::nullopt), 50ms), "timed out");
  EXPECT_EQ(received_, "health check");
  EXPECT_GE(elapsed_, 45ms);
}

// A process that did not run for a while has not lost its probes.
TEST_F(UdpProbeTest, FindsAfterAStallWhatCameInTime) {
  const Endpoint peer = serve("127.0.0.1:0", "x");
  std::string text = "not called";
  std::optional<UdpProbe> probe;
  const auto note = [&](Result<std::chrono::nanoseconds> result) {
    text = result ? "" : result.error().message();
    if (result) round_trip_ = *result;
    probe.reset();
    server_.reset();
  };
  probe.emplace(loop_, peer, 20ms, note);
  while (received_.empty()) loop_.run_once();
  for (const auto begin = Clock::now(); Clock::now() - begin < 50ms;) continue;
  loop_.run();
  EXPECT_EQ(text, "");
  EXPECT_LT(round_trip_, 20ms);
}

TEST_F(UdpProbeTest, TakesNoAnswerFromElsewhere) {
  const Endpoint peer = serve("127.0.0.1:0", std::nullopt);
  auto other = uv::UdpSocket::bind(loop_, *Endpoint::parse("127.0.0.1:0"),
                                   [](std::string_view, const Endpoint&) {});
  ASSERT_TRUE(other);
  std::optional<uv::UdpSocket> stranger(*std::move(other));
  auto server = uv::UdpSocket::bind(loop_, *Endpoint::parse("127.0.0.1:0"),
                                    [&](std::string_view bytes, const Endpoint& sender) {
                                      EXPECT_TRUE(stranger->send(bytes, sender));
                                      stranger.reset();
                                    });
  ASSERT_TRUE(server);
  server_.emplace(*std::move(server));
  EXPECT_NE(peer, server_->local());
  EXPECT_EQ(run(server_->local(), 50ms), "timed out");
}

TEST_F(UdpProbeTest, SaysThatAHostIsUnreachable) {
  in_own_network([this] {
    EXPECT_EQ(run(*Endpoint::parse("192.0.2.2:53")), "network is unreachable");
    // Nobody has that address: the kernel asks for it three times, a second apart by default.
    ASSERT_TRUE(ip("link add wire0 type veth peer name wire1"));
    ASSERT_TRUE(ip("link set wire1 up"));
    ASSERT_TRUE(ip("link set wire0 up"));
    ASSERT_TRUE(ip("address add 192.0.2.1/24 dev wire0"));
    std::ofstream("/proc/sys/net/ipv4/neigh/wire0/retrans_time_ms") << 20;
    EXPECT_EQ(run(*Endpoint::parse("192.0.2.2:53"), 10s), "no route to host");
    EXPECT_LT(elapsed_, 5s);
  });
}

TEST_F(UdpProbeTest, IsSilentOnceDestroyed) {
  std::optional<UdpProbe> probe;
  probe.emplace(loop_, serve("127.0.0.1:0", "x"), 5s,
                [](const auto&) { ADD_FAILURE() << "called after its end"; });
  { const UdpProbe gone = *std::move(probe); }
  probe.reset();
  server_.reset();
  loop_.run();
}

}  // namespace
}  // namespace meshcheck::probe
