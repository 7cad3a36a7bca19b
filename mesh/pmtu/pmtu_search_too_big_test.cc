// ICMP "too big" and EMSGSIZE: what the search takes for a hint.
#include <gtest/gtest.h>

#include "mesh/pmtu/pmtu_search.h"
#include "mesh/pmtu/pmtu_walk_testing.h"

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;
using testing::Walk;
using State = PmtuSearch::State;
using Probe = PmtuSearch::Probe;

// A search that has just sent a probe of the link's size.
Probe probe_of_link_size(Walk& walk) {
  walk.up();
  walk.search_.acknowledged(walk.next().cookie, walk.now_);
  return walk.next();
}

TEST(PmtuSearchTooBigTest, IsAHintThatProbesConfirm) {
  Walk walk(9000, 7777);
  const Probe probe = probe_of_link_size(walk);
  EXPECT_TRUE(walk.search_.too_big(probe.cookie, 7777));
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 8s));
  EXPECT_EQ(walk.size(), 7777);
}

TEST(PmtuSearchTooBigTest, ProvesNothing) {
  for (const std::uint16_t said :
       std::initializer_list<std::uint16_t>{576, 600, 1279, 1280, 1281, 1400, 7776, 7778, 8999}) {
    Walk walk(9000, 7777);
    const Probe probe = probe_of_link_size(walk);
    EXPECT_TRUE(walk.search_.too_big(probe.cookie, said));
    EXPECT_TRUE(walk.reach(State::kSearchComplete, 20s)) << said;
    EXPECT_EQ(walk.size(), 7777) << said;
  }
}

TEST(PmtuSearchTooBigTest, IsNotBelievedWithAnImpossibleMtu) {
  Walk walk(9000, 7777);
  const Probe probe = probe_of_link_size(walk);
  for (const std::uint32_t said : {0U, 68U, 575U, 9000U, 9001U, 65536U + 1400U, 0xffffffffU}) {
    EXPECT_FALSE(walk.search_.too_big(probe.cookie, said)) << said;
  }
}

TEST(PmtuSearchTooBigTest, IsNotBelievedOfAProbeThatWasNotSentOrWasAnswered) {
  Walk walk(9000, 9000);
  const Probe probe = probe_of_link_size(walk);
  EXPECT_FALSE(walk.search_.too_big(static_cast<std::uint16_t>(probe.cookie + 1), 1400));
  EXPECT_FALSE(walk.search_.too_big(static_cast<std::uint16_t>(probe.cookie - 1), 1400));
  EXPECT_TRUE(walk.search_.acknowledged(probe.cookie, walk.now_));
  EXPECT_FALSE(walk.search_.too_big(probe.cookie, 1400));
  EXPECT_FALSE(walk.search_.acknowledged(probe.cookie, walk.now_));
  EXPECT_EQ(walk.size(), 9000);
}

TEST(PmtuSearchTooBigTest, OfAForgerChangesNothingOnceComplete) {
  Walk walk(1500, 1400);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  for (int i = 0; i < 100; ++i) {
    walk.run(1s);
    walk.search_.too_big(walk.sent_.back().cookie, 600);
    ASSERT_EQ(walk.search_.state(), State::kSearchComplete);
  }
  EXPECT_EQ(walk.size(), 1400);
}

TEST(PmtuSearchTooBigTest, RefusedByTheOwnKernelEndsTheSearchThere) {
  Walk walk(1500, 9000);
  const Probe probe = probe_of_link_size(walk);
  walk.search_.refused(probe.cookie, 1400, walk.now_);
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 1s));
  EXPECT_EQ(walk.size(), 1400);
  EXPECT_EQ(walk.search_.result()->link_mtu, 1500);
  // The raise timer asks the kernel again.
  EXPECT_TRUE(walk.reach(State::kSearching, 9s));
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 1s));
  EXPECT_EQ(walk.size(), 1500);
}

TEST(PmtuSearchTooBigTest, RefusedWithoutAUsableMtuIsOneLostProbe) {
  Walk walk(1500, 1400);
  const Probe probe = probe_of_link_size(walk);
  walk.search_.refused(probe.cookie, 0, walk.now_);
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1400);
}

}  // namespace
}  // namespace meshcheck::mesh
