#include "mesh/pmtu/pmtu_search.h"

#include <gtest/gtest.h>

#include "mesh/pmtu/pmtu_walk_testing.h"

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;
using testing::Walk;
using State = PmtuSearch::State;
using Probe = PmtuSearch::Probe;

TEST(PmtuSearchTest, StaysDisabledUntilSmallProbesPass) {
  Walk walk;
  walk.run(20s);
  EXPECT_TRUE(walk.sent_.empty());
  EXPECT_EQ(walk.search_.state(), State::kDisabled);
  EXPECT_EQ(walk.search_.due(), Clock::time_point::max());
}

TEST(PmtuSearchTest, StaysDisabledWithoutALinkMtu) {
  Walk walk(0);
  walk.up();
  walk.run(20s);
  EXPECT_TRUE(walk.sent_.empty());
  EXPECT_EQ(walk.search_.state(), State::kDisabled);
}

TEST(PmtuSearchTest, KnowsNothingOfALinkThatWentAway) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.search_.set_link_mtu(0, walk.now_);
  EXPECT_EQ(walk.search_.state(), State::kDisabled);
  EXPECT_FALSE(walk.search_.result());
}

TEST(PmtuSearchTest, GoesFromDisabledToBaseWhenSmallProbesPass) {
  Walk walk;
  walk.up();
  EXPECT_EQ(walk.search_.state(), State::kBase);
  EXPECT_EQ(walk.next().size, 1280);
}

TEST(PmtuSearchTest, GoesFromBaseToSearchingWhenTheBaseIsAnswered) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.search_.acknowledged(walk.next().cookie, walk.now_));
  EXPECT_EQ(walk.search_.state(), State::kSearching);
}

TEST(PmtuSearchTest, StaysInBaseWhenOneBaseProbeIsLost) {
  Walk walk;
  walk.lose_ = 1;
  walk.up();
  walk.run(100ms);
  EXPECT_EQ(walk.search_.state(), State::kBase);
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1500);
}

TEST(PmtuSearchTest, GoesFromBaseToErrorWhenAllBaseProbesAreLost) {
  Walk walk(1500, 1000);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kError));
  EXPECT_GE(walk.sent_.size(), PmtuSearch::Options().losses_min);
  EXPECT_FALSE(walk.search_.result());
}

TEST(PmtuSearchTest, GoesFromErrorToCompleteWithASizeBelowTheBase) {
  Walk walk(1500, 1001);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kError));
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1001);
}

TEST(PmtuSearchTest, GoesFromErrorToSearchingWhenTheBasePassesAfterAll) {
  Walk walk(1500, 100);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kError));
  walk.path_mtu_ = 1400;
  EXPECT_TRUE(walk.reach(State::kSearching, 2s));
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1400);
}

TEST(PmtuSearchTest, SaysInErrorThatNothingPassesOnlyAfterTenSeconds) {
  Walk walk(1500, 100);
  walk.up();
  walk.run(10s);
  EXPECT_FALSE(walk.search_.result());
  walk.run(10s);
  EXPECT_EQ(walk.search_.state(), State::kError);
  EXPECT_EQ(walk.size(), 0);
  EXPECT_FALSE(walk.search_.busy());
  // Tries again with each raise timer, and no more often.
  walk.sent_.clear();
  walk.run(32s);
  EXPECT_EQ(walk.sent_.size(), 8U);
  walk.path_mtu_ = 700;
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 700);
}

TEST(PmtuSearchTest, LooksForNothingBelowTheMinimumOfIpv6) {
  Walk walk(1500, 1279);
  walk.options_.size_min = 1280;
  walk.up();
  walk.run(30s);
  EXPECT_EQ(walk.size(), 0);
  EXPECT_EQ(walk.search_.state(), State::kError);
  for (const Probe& probe : walk.sent_) EXPECT_EQ(probe.size, 1280);
  walk.path_mtu_ = 1280;
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1280);
}

TEST(PmtuSearchTest, GoesFromSearchingToCompleteAtOnceWhenTheLinksSizePasses) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 200ms));
  EXPECT_EQ(walk.sent_.size(), 2U);
  EXPECT_EQ(walk.size(), 1500);
}

TEST(PmtuSearchTest, GoesFromSearchingToCompleteWithBothEdgesConfirmed) {
  Walk walk(9000, 7777);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearching));
  EXPECT_EQ(walk.search_.size_failed(), 9001);
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 16s));
  EXPECT_EQ(walk.size(), 7777);
  std::size_t above = 0;
  std::size_t at = 0;
  for (const Probe& probe : walk.sent_) {
    above += probe.size == 7778 ? 1U : 0U;
    at += probe.size == 7777 ? 1U : 0U;
  }
  EXPECT_GE(above, PmtuSearch::Options().edge_losses_min);
  EXPECT_GE(at, 3U);
}

TEST(PmtuSearchTest, FindsLikelySizesInAFewRounds) {
  for (const std::uint16_t size :
       std::initializer_list<std::uint16_t>{1280, 1372, 1400, 1420, 1450, 1480, 1492}) {
    Walk walk(1500, size);
    walk.up();
    EXPECT_TRUE(walk.reach(State::kSearchComplete, 10s)) << size;
    EXPECT_EQ(walk.size(), size);
  }
}

TEST(PmtuSearchTest, ProbesNothingLargerThanTheLink) {
  Walk walk(1450, 9000);
  walk.up();
  walk.run(60s);
  EXPECT_EQ(walk.size(), 1450);
  for (const Probe& probe : walk.sent_) EXPECT_LE(probe.size, 1450);
}

TEST(PmtuSearchTest, GoesFromCompleteToSearchingWhenTheRaiseProbeIsAnswered) {
  Walk walk(1500, 1400);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.path_mtu_ = 1460;
  EXPECT_TRUE(walk.reach(State::kSearching, 9s));
  EXPECT_EQ(walk.size(), 1400);  // Until more is known.
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1460);
}

TEST(PmtuSearchTest, GoesFromCompleteToBaseWhenTheFoundSizeIsLostRepeatedly) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.path_mtu_ = 1200;
  EXPECT_TRUE(walk.reach(State::kBase, 10s));
  EXPECT_EQ(walk.size(), 1500);  // Until more is known.
  walk.path_mtu_ = 1420;
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1420);
}

TEST(PmtuSearchTest, StaysInCompleteWhenTheFoundSizeIsLostTwice) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.sent_.clear();
  walk.lose_ = 2;
  walk.run(20s);
  EXPECT_GE(walk.sent_.size(), 4U);
  for (const Probe& probe : walk.sent_) EXPECT_EQ(probe.size, 1500);
  EXPECT_EQ(walk.search_.state(), State::kSearchComplete);
}

TEST(PmtuSearchTest, TakesAFalseDropBackWithTheFirstAnswer) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.path_mtu_ = 1200;
  EXPECT_TRUE(walk.reach(State::kBase));
  walk.path_mtu_ = 1500;
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 1s));
  EXPECT_EQ(walk.size(), 1500);
}

TEST(PmtuSearchTest, GoesToDisabledWhenThePathFailsAndTriesFirstWhatItKnew) {
  Walk walk(9000, 7777);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.down();
  EXPECT_EQ(walk.search_.state(), State::kDisabled);
  EXPECT_FALSE(walk.search_.result());
  walk.sent_.clear();
  walk.run(1min);
  EXPECT_TRUE(walk.sent_.empty());
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 6s));
  EXPECT_EQ(walk.size(), 7777);
  for (const Probe& probe : walk.sent_) {
    EXPECT_TRUE(probe.size == 1280 || probe.size == 7777 || probe.size == 7778) << probe.size;
  }
}

TEST(PmtuSearchTest, IsAPlainValueThatGoesOnWhereItWasMoved) {
  Walk walk(1500, 1400);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  PmtuSearch moved = std::move(walk.search_);
  EXPECT_EQ(moved.result()->size, 1400);
  EXPECT_TRUE(moved.next(walk.now_ + 7s));
}

TEST(PmtuSearchTest, BeginsAnewWhenTheLinkChangesAndKeepsTheResultUntilThen) {
  Walk walk(1500, 9000);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.search_.set_link_mtu(9000, walk.now_);
  EXPECT_EQ(walk.search_.state(), State::kBase);
  EXPECT_EQ(walk.search_.result()->link_mtu, 1500);
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 1s));
  EXPECT_EQ(walk.size(), 9000);
  walk.search_.set_link_mtu(1280, walk.now_);
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 1s));
  EXPECT_EQ(walk.size(), 1280);
}

TEST(PmtuSearchTest, CarriesEverySizeExactly) {
  for (std::uint16_t size = 576; size <= 1500; size = static_cast<std::uint16_t>(size + 7)) {
    Walk walk(1500, size);
    walk.up();
    ASSERT_TRUE(walk.reach(State::kSearchComplete, 25s)) << size;
    ASSERT_EQ(walk.size(), size);
  }
}

}  // namespace
}  // namespace meshcheck::mesh
