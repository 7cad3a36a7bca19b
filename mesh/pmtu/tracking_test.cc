#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "mesh/pmtu/pmtu_testing.h"

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;
using testing::SimulatedPath;

constexpr std::array<Direction, 2> kDirections = {Direction::kForward, Direction::kBackward};

std::size_t as_index(Direction direction) {
  return static_cast<std::size_t>(direction);
}

// Changes the MTU of both directions at random and follows what is said of it.
class Tracking {
 public:
  Tracking(std::uint64_t seed, double loss) : simulated_(seed, loss), random_(seed + 1000) {
    simulated_.start(9000, 9000);
    expect_found(60s, {kDirections.begin(), kDirections.end()});
  }

  // Each direction gets another size; now and then before the last one was found.
  void change() {
    if (random_.below(4) == 0) {
      set_any();
      watch(std::chrono::milliseconds(random_.below(12'000)), {});
    }
    std::vector<Direction> dropped;
    for (const Direction direction : kDirections) {
      const auto before = simulated_.size(direction);
      set_any(direction);
      const std::uint16_t least = std::min(before.value_or(0), former_[as_index(direction)]);
      if (mtu(direction) < least) dropped.push_back(direction);
    }
    changed_ = simulated_.now();
    if (!dropped.empty()) {
      drop_max = std::max(drop_max, expect_found(30s, dropped));
    }
    raise_max = std::max(raise_max, expect_found(60s, {kDirections.begin(), kDirections.end()}));
    watch(std::chrono::milliseconds(random_.below(10'000)), {});
  }

  Clock::duration drop_max{0};
  Clock::duration raise_max{0};

 private:
  std::uint16_t mtu(Direction direction) { return simulated_.way(direction).mtu; }
  void set_any() {
    for (const Direction direction : kDirections) set_any(direction);
    changed_ = simulated_.now();
  }
  void set_any(Direction direction) {
    former_[as_index(direction)] = mtu(direction);
    std::size_t size = 576 + random_.below(9000 - 576 + 1);
    if (random_.below(4) == 0) size = mtu(direction) + random_.below(40);  // Often only a little.
    if (random_.below(4) == 0) size = mtu(direction) - random_.below(40);
    simulated_.way(direction).mtu =
        static_cast<std::uint16_t>(std::clamp<std::size_t>(size, 576, 9000));
  }

  // How long it took since the change.
  Clock::duration expect_found(Clock::duration limit, const std::vector<Direction>& directions) {
    EXPECT_TRUE(watch(changed_ + limit - simulated_.now(), directions))
        << mtu(Direction::kForward) << " " << mtu(Direction::kBackward);
    return simulated_.now() - changed_;
  }

  // No wrong size is ever said: just after a change, the one before may still be found.
  bool watch(Clock::duration duration, const std::vector<Direction>& wanted) {
    return simulated_.run_until(duration, [&] {
      for (const Direction direction : kDirections) {
        const auto index = as_index(direction);
        const auto size = simulated_.size(direction);
        if (size && size != said_[index]) {
          const bool stale = simulated_.now() < changed_ + 2s && *size == former_[index];
          EXPECT_TRUE(*size == mtu(direction) || stale) << *size << " is not " << mtu(direction);
          said_[index] = *size;
        }
      }
      return !wanted.empty() && std::all_of(wanted.begin(), wanted.end(), [&](Direction direction) {
        return simulated_.size(direction) == mtu(direction);
      });
    });
  }

  SimulatedPath simulated_;
  Random random_;
  Clock::time_point changed_{1h};
  std::array<std::uint16_t, 2> former_{};
  std::array<std::uint16_t, 2> said_{};
};

// Twenty paths, 250 times both directions.
TEST(PathMtuTrackingTest, FindsTenThousandRandomChangesExactlyAndInTime) {
  constexpr std::array<double, 4> kLosses = {0, 0.01, 0.03, 0.05};
  Clock::duration drop_max{0};
  Clock::duration raise_max{0};
  for (std::size_t run = 0; run < 20; ++run) {
    Tracking tracking(run, kLosses[run % kLosses.size()]);
    for (int change = 0; change < 250; ++change) {
      tracking.change();
      ASSERT_FALSE(HasFailure()) << "run " << run << " change " << change;
    }
    drop_max = std::max(drop_max, tracking.drop_max);
    raise_max = std::max(raise_max, tracking.raise_max);
  }
  const auto as_text = [](Clock::duration time) {
    return std::to_string(std::chrono::round<std::chrono::milliseconds>(time).count());
  };
  RecordProperty("drop_max_ms", as_text(drop_max));
  RecordProperty("raise_max_ms", as_text(raise_max));
}

}  // namespace
}  // namespace meshcheck::mesh
