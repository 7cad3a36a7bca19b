#include "lib/uv/timer.h"

#include <gtest/gtest.h>

#include <optional>

namespace meshcheck::uv {
namespace {

using namespace std::chrono_literals;

TEST(TimerTest, ExpiresOnceUnlessRepeating) {
  Loop loop;
  int once = 0;
  int repeated = 0;
  Timer single(loop, [&] { ++once; });
  Timer repeating(loop, [&] {
    if (++repeated == 3) loop.stop();
  });
  single.start(1ms);
  repeating.start_repeating(1ms);
  loop.run();
  EXPECT_EQ(once, 1);
  EXPECT_EQ(repeated, 3);
}

TEST(TimerTest, SaysNothingAfterItIsStoppedOrDestroyed) {
  Loop loop;
  int calls = 0;
  Timer stopped(loop, [&] { ++calls; });
  stopped.start(0ms);
  stopped.stop();
  {
    Timer destroyed(loop, [&] { ++calls; });
    destroyed.start(0ms);
  }
  loop.run();
  EXPECT_EQ(calls, 0);
}

TEST(TimerTest, MayBeDestroyedInsideItsOwnCallback) {
  Loop loop;
  std::optional<Timer> timer;
  const std::string long_lived = "captured by value, so that a freed closure shows under asan";
  std::string seen;
  timer.emplace(loop, [&timer, &seen, long_lived] {
    timer.reset();
    seen = long_lived;
  });
  timer->start(0ms);
  loop.run();
  EXPECT_EQ(seen, long_lived);
}

TEST(TimerTest, MayBeMovedWhileItRuns) {
  Loop loop;
  int calls = 0;
  Timer first(loop, [&] { ++calls; });
  first.start(0ms);
  const Timer second = std::move(first);
  loop.run();
  EXPECT_EQ(calls, 1);
}

TEST(LoopDeathTest, AbortsWhenAHandleOutlivesIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        auto loop = std::make_unique<Loop>();
        const Timer timer(*loop, [] {});
        loop.reset();
      },
      "outlived");
}

}  // namespace
}  // namespace meshcheck::uv
