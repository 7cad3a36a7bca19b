#include "probe/tcp_probe.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fstream>
#include <optional>
#include <string>

#include "lib/testing/loop.h"
#include "lib/uv/tcp_listener.h"
#include "probe/descriptor.h"
#include "probe/network_testing.h"

namespace meshcheck::probe {
namespace {

using namespace std::chrono_literals;

class TcpProbeTest : public testing::Test {
 protected:
  // "" for a connection, else the error.
  std::string run(const Endpoint& peer, std::chrono::milliseconds timeout = 5s) {
    std::string text = "not called";
    std::optional<TcpProbe> probe;
    const auto started = Clock::now();
    bool constructed = false;
    probe.emplace(loop_, peer, timeout, [&](Result<std::chrono::nanoseconds> result) {
      EXPECT_TRUE(constructed) << "called later";
      elapsed_ = Clock::now() - started;
      text = result ? "" : result.error().message();
      if (result) connect_time_ = *result;
      probe.reset();
    });
    constructed = true;
    loop_.run();
    return text;
  }

  Endpoint listen(const char* endpoint) {
    auto listener =
        uv::TcpListener::listen(loop_, *Endpoint::parse(endpoint), {},
                                [this](uv::TcpStream stream) { accept(std::move(stream)); });
    EXPECT_TRUE(listener);
    listener_.emplace(*std::move(listener));
    return listener_->local();
  }
  void accept(uv::TcpStream stream) {
    accepted_.emplace(std::move(stream));
    accepted_->start({.on_data = [](std::string_view) {},
                      .on_end =
                          [this](std::optional<Error> error) {
                            ended_with_ = error ? error->message() : "FIN";
                            accepted_.reset();
                            listener_.reset();
                          },
                      .on_drained = {}});
  }

  uv::Loop loop_;
  std::optional<uv::TcpListener> listener_;
  std::optional<uv::TcpStream> accepted_;
  std::string ended_with_;
  std::chrono::nanoseconds connect_time_{-1};
  Clock::duration elapsed_{};
};

TEST_F(TcpProbeTest, TimesTheConnectionAndEndsItByAReset) {
  for (const char* address : {"127.0.0.1:0", "[::1]:0"}) {
    EXPECT_EQ(run(listen(address)), "") << address;
    EXPECT_GT(connect_time_, 0ns);
    EXPECT_LE(connect_time_, elapsed_);
    EXPECT_NE(ended_with_.find("reset"), std::string::npos) << ended_with_;
  }
}

TEST_F(TcpProbeTest, SaysThatAConnectionIsRefused) {
  const Endpoint free = listen("127.0.0.1:0");
  listener_.reset();
  EXPECT_EQ(run(free), "connection refused");
}

TEST_F(TcpProbeTest, SaysWhatTheKernelRefusesAtOnce) {
  // A group has no TCP.
  EXPECT_EQ(run(*Endpoint::parse("224.0.0.1:80")), "network is unreachable");
}

// A listener that is full drops SYNs.
TEST_F(TcpProbeTest, EndsWithItsTimeout) {
  const Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(listener.get(), raw, size), 0);
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  ASSERT_EQ(getsockname(listener.get(), raw, &size), 0);
  const Descriptor filler(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(connect(filler.get(), raw, size), 0);

  EXPECT_EQ(run(Endpoint::from_sockaddr(raw), 100ms), "timed out");
  EXPECT_GE(elapsed_, 95ms);
  EXPECT_LT(elapsed_, 1s);
}

// A process that did not run for a while has not lost its probes.
TEST_F(TcpProbeTest, FindsAfterAStallWhatCameInTime) {
  const Endpoint peer = listen("127.0.0.1:0");
  std::string text = "not called";
  std::optional<TcpProbe> probe;
  probe.emplace(loop_, peer, 20ms, [&](Result<std::chrono::nanoseconds> result) {
    text = result ? "" : result.error().message();
    if (result) connect_time_ = *result;
    probe.reset();
  });
  for (const auto begin = Clock::now(); Clock::now() - begin < 50ms;) continue;
  loop_.run();
  EXPECT_EQ(text, "");
  EXPECT_LT(connect_time_, 20ms);
}

TEST_F(TcpProbeTest, SaysWhenThereIsNoRoute) {
  in_own_network([this] {
    EXPECT_EQ(run(*Endpoint::parse("192.0.2.1:80")), "network is unreachable");
    ASSERT_TRUE(ip("route add unreachable 192.0.2.0/24"));
    EXPECT_EQ(run(*Endpoint::parse("192.0.2.1:80")), "no route to host");
  });
}

TEST_F(TcpProbeTest, SaysThatNoPortIsLeftToAskFrom) {
  in_own_network([this] {
    // Of the ports there is one, and the listener has it.
    const Endpoint peer = listen("127.0.0.1:0");
    std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << peer.port << " " << peer.port;
    std::string text;
    OwnFault own = OwnFault::kNone;
    std::optional<TcpProbe> probe;
    probe.emplace(loop_, peer, 5s, [&](Result<std::chrono::nanoseconds> result) {
      text = result ? "" : result.error().message();
      own = probe->own_fault();
      probe.reset();
    });
    ASSERT_TRUE(uv::run_until(loop_, [&] { return !probe; }));
    EXPECT_EQ(text, kNoPortLeft);
    EXPECT_EQ(own, OwnFault::kNoPort);
  });
}

TEST_F(TcpProbeTest, IsSilentOnceDestroyed) {
  std::optional<TcpProbe> probe;
  probe.emplace(loop_, listen("127.0.0.1:0"), 5s,
                [](const auto&) { ADD_FAILURE() << "called after its end"; });
  TcpProbe moved = *std::move(probe);
  probe.reset();
  { const TcpProbe gone = std::move(moved); }
  listener_.reset();
  loop_.run();
}

}  // namespace
}  // namespace meshcheck::probe
