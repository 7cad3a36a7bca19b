#include "probe/ping_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "lib/testing/loop.h"
#include "probe/network_testing.h"
#include "probe/stamp_reflector.h"

namespace meshcheck::probe {
namespace {

using namespace std::chrono_literals;

std::optional<stamp::Key> key(std::uint8_t byte) {
  return *stamp::Key::from_bytes(std::vector<std::uint8_t>(32, byte));
}

// Made inside the namespace.
struct Bench {
  explicit Bench(const std::string& address = "127.0.0.1") {
    auto started = StampReflector::start(loop, {.port = 0});
    EXPECT_TRUE(started) << started.error().message();
    reflector.emplace(*std::move(started));
    reflector->set_keys(key(1), std::nullopt);
    options.to = *Endpoint::parse(address + ":" + std::to_string(reflector->port()));
    options.ssid = 9;
    options.interval = 10ms;
    options.timeout = 300ms;
  }

  mesh::PingResult ping(std::optional<stamp::Key> with = key(1)) {
    int ended = 0;
    PingRun run(loop, options, std::move(with), [&] { ++ended; });
    EXPECT_TRUE(uv::run_until(loop, [&] { return run.done(); }));
    EXPECT_EQ(ended, 1);
    return run.result();
  }

  uv::Loop loop;
  std::optional<StampReflector> reflector;
  PingRun::Options options;
};

std::size_t answered(const mesh::PingResult& result) {
  return result.round_trips.size() -
         static_cast<std::size_t>(
             std::count(result.round_trips.begin(), result.round_trips.end(), std::nullopt));
}

TEST(PingRunTest, MeasuresEachProbe) {
  for (const char* address : {"127.0.0.1", "[::1]"}) {
    Bench bench(address);
    bench.options.count = 5;
    const mesh::PingResult result = bench.ping();
    EXPECT_EQ(answered(result), 5U) << address << " " << result.error;
    for (const auto& time : result.round_trips) EXPECT_LT(time.value_or(1min), 300ms);
    EXPECT_EQ(result.lost_forward + result.lost_backward, 0U);
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(bench.reflector->counts().requests, 5U);
  }
}

TEST(PingRunTest, LosesWhatAReflectorOfAnotherKeyDoesNotAnswer) {
  Bench bench;
  const mesh::PingResult result = bench.ping(key(2));
  EXPECT_EQ(result.round_trips, std::vector<std::optional<std::chrono::microseconds>>(3));
  EXPECT_EQ(result.lost_forward + result.lost_backward, 0U) << "nothing tells the direction";
}

TEST(PingRunTest, EndsBeforeTheTimeoutWhenAllHaveFailed) {
  Bench bench;
  bench.options.to = *Endpoint::parse("127.0.0.1:9");
  bench.options.timeout = 1h;
  const mesh::PingResult result = bench.ping();
  EXPECT_EQ(answered(result), 0U);
  EXPECT_EQ(result.error, "connection refused");
}

// The link of the other side takes 1,400 bytes.
TEST(PingRunTest, SendsPacketsOfOneSizeThatAreNotCut) {
  in_own_network([] {
    ASSERT_TRUE(ip("link set lo mtu 1400"));
    Bench bench;
    bench.options.size = 1400;
    EXPECT_EQ(answered(bench.ping()), 3U);
    bench.options.size = 1401;
    const mesh::PingResult result = bench.ping();
    EXPECT_EQ(answered(result), 0U);
    EXPECT_EQ(result.error, "message too long, MTU 1400");
    bench.options.size = 20;  // Fewer than its headers.
    EXPECT_EQ(answered(bench.ping()), 3U);
  });
}

TEST(PingRunTest, MayBeDestroyedWhileItRuns) {
  Bench bench;
  bool ended = false;
  auto run = std::make_unique<PingRun>(bench.loop, bench.options, key(1), [&] { ended = true; });
  EXPECT_TRUE(uv::run_until(bench.loop, [&] { return bench.reflector->counts().requests == 1; }));
  run.reset();
  bench.loop.run_once();
  EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace meshcheck::probe
