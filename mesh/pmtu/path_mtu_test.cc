#include "mesh/pmtu/path_mtu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "mesh/pmtu/pmtu_testing.h"

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;
using Class = FragmentationClass;
using testing::SimulatedPath;

constexpr Direction kForward = Direction::kForward;
constexpr Direction kBackward = Direction::kBackward;

// What it says half a minute after the start.
struct Said {
  Class forward;
  Class backward;
  std::uint16_t size_forward;
  std::uint16_t size_backward;
};
void expect(const SimulatedPath& simulated, const Said& said) {
  EXPECT_EQ(text(simulated.fragmentation_class(kForward)), text(said.forward));
  EXPECT_EQ(text(simulated.fragmentation_class(kBackward)), text(said.backward));
  EXPECT_EQ(simulated.size(kForward), said.size_forward);
  EXPECT_EQ(simulated.size(kBackward), said.size_backward);
}

TEST(PathMtuTest, IsClearWithinASecondWhereNothingIsWrong) {
  SimulatedPath simulated(1, 0);
  simulated.start(1500, 1500);
  simulated.run(1s);
  expect(simulated, {Class::kClear, Class::kClear, 1500, 1500});
  EXPECT_EQ(simulated.result(kForward).link_mtu, 1500);
  EXPECT_EQ(simulated.result(kForward).fragments, FragmentsResult::kPassed);
  EXPECT_EQ(simulated.path().findings(simulated.now()), PathFindings{});
}

TEST(PathMtuTest, CallsItABlackHoleWhereNobodySaysAnything) {
  SimulatedPath simulated(1, 0);
  simulated.set_mtu(1372);
  simulated.start(1500, 1500);
  simulated.run(30s);
  // Whether the peer is told is not known here.
  expect(simulated, {Class::kBlackHole, Class::kReduced, 1372, 1372});
  EXPECT_EQ(simulated.path().findings(simulated.now()), (PathFindings{.path_mismatch = true}));
}

TEST(PathMtuTest, CallsItSignalledWhereARouterSaysTheSize) {
  SimulatedPath simulated(1, 0);
  simulated.way(kForward) = {.mtu = 1300, .too_big_mtu = 1300};
  simulated.start(1500, 1500);
  simulated.run(30s);
  expect(simulated, {Class::kReducedSignalled, Class::kClear, 1300, 1500});
  const auto too_big = simulated.result(kForward).too_big;
  ASSERT_TRUE(too_big);
  EXPECT_EQ(too_big->mtu, 1300);
  EXPECT_EQ(too_big->reporter->text(), "192.0.2.1");
  EXPECT_LE(too_big->age, 9s);
  EXPECT_EQ(simulated.path().findings(simulated.now()),
            (PathFindings{.path_mismatch = true, .asymmetric = true}));
}

TEST(PathMtuTest, CallsItABlackHoleWhereTheRouterSaysTooMuch) {
  SimulatedPath simulated(1, 0);
  simulated.way(kForward) = {.mtu = 1300, .too_big_mtu = 1400};
  simulated.start(1500, 1500);
  simulated.run(30s);
  expect(simulated, {Class::kBlackHole, Class::kClear, 1300, 1500});
}

TEST(PathMtuTest, CallsItSignalledWhereTheRouterSaysLessThanPasses) {
  SimulatedPath simulated(1, 0);
  simulated.way(kForward) = {.mtu = 1400, .too_big_mtu = 1000};
  simulated.start(1500, 1500);
  simulated.run(30s);
  expect(simulated, {Class::kReducedSignalled, Class::kClear, 1400, 1500});
}

TEST(PathMtuTest, TurnsFromSignalledToBlackHoleAMinuteAfterTheLastMessage) {
  SimulatedPath simulated(1, 0);
  simulated.way(kForward) = {.mtu = 1300, .too_big_mtu = 1300};
  simulated.start(1500, 1500);
  simulated.run(2min);
  simulated.way(kForward).too_big_mtu.reset();
  simulated.run(45s);
  EXPECT_EQ(simulated.fragmentation_class(kForward), Class::kReducedSignalled);
  simulated.run(20s);
  EXPECT_EQ(simulated.fragmentation_class(kForward), Class::kBlackHole);
  EXPECT_LE(simulated.result(kForward).class_age, 20s);
}

TEST(PathMtuTest, CallsItSignalledWhereTheOwnKernelRefuses) {
  SimulatedPath simulated(1, 0);
  simulated.set_refused(1400);
  simulated.start(1500, 1500);
  simulated.run(60s);
  expect(simulated, {Class::kReducedSignalled, Class::kClear, 1400, 1500});
  EXPECT_FALSE(simulated.result(kForward).too_big->reporter);
}

TEST(PathMtuTest, SeesFragmentsDroppedInOneDirection) {
  SimulatedPath simulated(1, 0);
  simulated.start(1500, 1500);
  simulated.run(60s);
  simulated.way(kBackward).fragments_pass = false;
  simulated.run(30s);
  expect(simulated, {Class::kClear, Class::kFragmentsDropped, 1500, 1500});
  simulated.way(kBackward).fragments_pass = true;
  simulated.run(20s);
  expect(simulated, {Class::kClear, Class::kClear, 1500, 1500});
}

TEST(PathMtuTest, SeesAJumboIsland) {
  SimulatedPath simulated(1, 0);
  simulated.set_mtu(1500);
  simulated.start(9000, 9000);
  simulated.run(30s);
  expect(simulated, {Class::kBlackHole, Class::kReduced, 1500, 1500});
  EXPECT_TRUE(simulated.path().findings(simulated.now()).jumbo_island);
}

TEST(PathMtuTest, SeesLinksThatDiffer) {
  SimulatedPath simulated(1, 0);
  simulated.set_mtu(1500);
  simulated.start(9000, 1500);
  simulated.run(30s);
  expect(simulated, {Class::kBlackHole, Class::kClear, 1500, 1500});
  EXPECT_EQ(simulated.path().findings(simulated.now()), (PathFindings{.link_mismatch = true}));
}

TEST(PathMtuTest, JudgesNoRepliesWithoutThePeersLink) {
  SimulatedPath simulated(1, 0);
  simulated.way(kBackward).mtu = 1450;
  simulated.start(1500, 0);
  simulated.run(30s);
  expect(simulated, {Class::kClear, Class::kUnknown, 1500, 1450});
  EXPECT_EQ(simulated.result(kBackward).link_mtu, 0);
}

TEST(PathMtuTest, SaysDownOrUnknownOfAPathThatIsNotUp) {
  SimulatedPath simulated(1, 0);
  simulated.start(1500, 1500);
  simulated.run(10s);
  simulated.forget_sent();
  simulated.set_state(PathState::kDown);
  EXPECT_EQ(simulated.fragmentation_class(kForward), Class::kDown);
  simulated.run(60s);
  EXPECT_TRUE(simulated.sent().empty());
  simulated.set_state(PathState::kUnknown);
  EXPECT_EQ(simulated.fragmentation_class(kForward), Class::kUnknown);
  simulated.set_state(PathState::kDegraded);
  simulated.run(1s);
  expect(simulated, {Class::kClear, Class::kClear, 1500, 1500});
}

// The path fails for all sizes; small probes say so four seconds later.
TEST(PathMtuTest, SaysNothingOfSizesWhenThePathFails) {
  SimulatedPath simulated(1, 0);
  simulated.start(1500, 1500);
  for (int i = 0; i < 50; ++i) {
    simulated.run(std::chrono::milliseconds(10'000 + 137 * i));
    expect(simulated, {Class::kClear, Class::kClear, 1500, 1500});
    simulated.set_mtu(0);
    simulated.way(kForward).fragments_pass = simulated.way(kBackward).fragments_pass = false;
    simulated.run_until(4500ms, [&] {
      EXPECT_EQ(simulated.fragmentation_class(kForward), Class::kClear);
      return HasFailure();
    });
    simulated.set_state(PathState::kDown);
    simulated.run(20s);
    simulated.way(kForward) = simulated.way(kBackward) = {};
    simulated.set_state(PathState::kUp);
  }
}

TEST(PathMtuTest, GoesOnWhereItWasMovedWithinAMap) {
  const PathMtu::Options options;
  Clock::time_point now{1h};
  std::map<std::string, PathMtu> paths;
  auto& path = paths.emplace("a", PathMtu(&options, now)).first->second;
  path.set_link_mtus(1500, 1500, now);
  path.set_path_state(PathState::kUp, now);
  for (int i = 0; i < 100; ++i, now += 50ms) {
    while (const auto probe = path.next(now)) path.acknowledged(probe->cookie, now);
  }
  PathMtu moved = std::move(path);
  EXPECT_EQ(moved.result(kForward, now).fragmentation_class, Class::kClear);
  EXPECT_EQ(moved.result(kForward, now).size, 1500);
}

TEST(PathMtuTest, RefusesWhatAnswersNoProbe) {
  const PathMtu::Options options;
  const Clock::time_point now{1h};
  PathMtu path(&options, now);
  path.set_link_mtus(1500, 1500, now);
  path.set_path_state(PathState::kUp, now);
  const auto probe = path.next(now);
  ASSERT_TRUE(probe);
  for (std::uint32_t i = 1; i <= 16; ++i) {
    EXPECT_FALSE(path.acknowledged(probe->cookie ^ (1U << (2 * i - 1)), now));
    EXPECT_FALSE(path.too_big(probe->cookie ^ (1U << (2 * i - 1)), 600, IpAddress(), now));
  }
  EXPECT_TRUE(path.acknowledged(probe->cookie, now));
  EXPECT_FALSE(path.result(kForward, now).too_big);
}

TEST(PathMtuTest, JudgesNothingThatWasUnderWayWhileTheAgentWasStarved) {
  SimulatedPath simulated(1, 0);
  simulated.start(1500, 1500);
  simulated.run(10s);
  for (int i = 0; i < 100; ++i) {
    simulated.set_mtu(0);
    simulated.run(1700ms);  // Sends what nobody answers.
    simulated.path().starved(simulated.now());
    simulated.set_mtu(1500);
    simulated.run(300ms);
    ASSERT_EQ(simulated.result(kForward).state, PmtuSearch::State::kSearchComplete);
  }
}

TEST(PathMtuLossTest, FindsTheExactSizeWhateverIsLostByChance) {
  for (const double loss : {0.0, 0.01, 0.05, 0.2}) {
    Random sizes(7);
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      SimulatedPath simulated(seed, loss);
      const auto size = static_cast<std::uint16_t>(576 + sizes.below(9000 - 576));
      simulated.set_mtu(size);
      simulated.start(9000, 9000);
      // At 20 % a third of the round trips fails: exact still, and later.
      const bool found = simulated.run_until(loss > 0.1 ? 180s : 30s, [&] {
        return simulated.size(kForward) && simulated.size(kBackward);
      });
      EXPECT_TRUE(found) << loss << " " << seed;
      EXPECT_EQ(simulated.size(kForward), size) << loss << " " << seed;
      EXPECT_EQ(simulated.size(kBackward), size) << loss << " " << seed;
    }
  }
}

TEST(PathMtuLossTest, SaysNothingFalseOnADayOfFivePercentLoss) {
  SimulatedPath simulated(3, 0.05);
  simulated.start(1500, 1500);
  simulated.run(60s);
  simulated.run_until(24h, [&] {
    EXPECT_EQ(simulated.fragmentation_class(kForward), Class::kClear);
    EXPECT_EQ(simulated.fragmentation_class(kBackward), Class::kClear);
    return HasFailure();
  });
}

TEST(PathMtuLossTest, KeepsToABlackHoleOnADayOfFivePercentLoss) {
  SimulatedPath simulated(4, 0.05);
  simulated.set_mtu(1372);
  simulated.start(1500, 1500);
  simulated.run(60s);
  simulated.run_until(24h, [&] {
    EXPECT_EQ(simulated.fragmentation_class(kForward), Class::kBlackHole);
    EXPECT_EQ(simulated.size(kBackward), 1372);
    return HasFailure();
  });
}

// The most packets within `window` that began while nothing was to be found out; and at all.
std::size_t packets_max(const SimulatedPath& simulated, Clock::duration window, bool steady_only) {
  const auto& sent = simulated.sent();
  std::size_t most = 0;
  for (std::size_t first = 0; first < sent.size(); ++first) {
    std::size_t packets = 0;
    for (std::size_t i = first; i < sent.size() && sent[i].at < sent[first].at + window; ++i) {
      if (steady_only && sent[i].busy) break;
      packets += sent[i].packets;
    }
    most = std::max(most, packets);
  }
  return most;
}

double packets_a_second(const SimulatedPath& simulated, std::chrono::seconds duration) {
  std::size_t packets = 0;
  for (const auto& sent : simulated.sent()) packets += sent.packets;
  return static_cast<double>(packets) / static_cast<double>(duration.count());
}

TEST(PathMtuBudgetTest, SendsAtMostTwoPacketsASecondInSteadyState) {
  for (const std::uint16_t size : {std::uint16_t{1372}, std::uint16_t{1500}}) {
    SimulatedPath simulated(1, 0);
    simulated.set_mtu(size);
    simulated.start(1500, 1500);
    simulated.run(60s);
    simulated.forget_sent();
    simulated.run(1h);
    EXPECT_LE(packets_max(simulated, 10s, false), 20U);
    EXPECT_LE(packets_a_second(simulated, 1h), 1.6);
  }
}

TEST(PathMtuBudgetTest, StaysWithinTwoPacketsASecondOnAverageWithLoss) {
  SimulatedPath simulated(1, 0.05);
  simulated.set_mtu(1372);
  simulated.start(1500, 1500);
  simulated.run(60s);
  simulated.forget_sent();
  simulated.run(1h);
  EXPECT_LE(packets_max(simulated, 10s, true), 20U);
  EXPECT_LE(packets_a_second(simulated, 1h), 2.0);
}

TEST(PathMtuBudgetTest, SendsAtMostFortyPacketsASecondWhileSearching) {
  SimulatedPath simulated(1, 0.2);
  Random sizes(1);
  simulated.start(9000, 9000);
  for (int i = 0; i < 50; ++i) {
    simulated.set_mtu(static_cast<std::uint16_t>(576 + sizes.below(8000)));
    simulated.run(20s);
  }
  EXPECT_LE(packets_max(simulated, 1s, false), 42U);
}

TEST(PathMtuBudgetTest, SlowsDownWhenASearchDoesNotEnd) {
  SimulatedPath simulated(1, 0);
  simulated.start(9000, 9000);
  // Another size each second: nothing is ever confirmed.
  for (std::uint16_t i = 0; i < 120; ++i) {
    simulated.set_mtu(static_cast<std::uint16_t>(2000 + 500 * (i % 7)));
    simulated.run(1s);
    if (i == 70) simulated.forget_sent();
    ASSERT_TRUE(i < 10 || simulated.path().busy()) << i;
  }
  EXPECT_LE(packets_max(simulated, 10s, false), 20U);
}

}  // namespace
}  // namespace meshcheck::mesh
