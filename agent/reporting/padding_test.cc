#include "agent/reporting/padding.h"

#include <gtest/gtest.h>

namespace meshcheck::agent {
namespace {

using namespace std::chrono_literals;
using Change = LossJudge::Change;
using Stage = PaddingStage;

constexpr Clock::time_point kStart{1000s};

// Rounds of 1500 elements, five seconds apart.
class PaddingTest : public testing::Test {
 protected:
  void begin_round() {
    now_ += 5s;
    padding_.begin_round(1500);
    EXPECT_EQ(padding_.elements(), 1500U);
  }
  Change padded_round() {
    begin_round();
    return padding_.accepted();
  }
  void stall(Stage stage) {
    begin_round();
    padding_.stalled(stage, now_);
    EXPECT_EQ(padding_.elements(), 0U);
  }
  Change stalled_round(Stage stage = Stage::kSend) {
    stall(stage);
    return padding_.accepted();
  }
  std::optional<std::chrono::milliseconds> lost_for() const {
    return padding_.describe(now_).lost_for;
  }

  Clock::time_point now_ = kStart;
  Padding padding_;
};

TEST_F(PaddingTest, IsDeliveredAsAsked) {
  EXPECT_EQ(padded_round(), Change::kNone);
  const auto described = padding_.describe(now_);
  EXPECT_EQ(described.requested, 3000U);
  EXPECT_FALSE(described.lost_for);
  EXPECT_EQ(described.stage, Stage::kNone);
}

TEST_F(PaddingTest, SuspectsAfterOneStallAndKnowsAfterTwo) {
  EXPECT_EQ(stalled_round(), Change::kSuspected);
  auto described = padding_.describe(now_);
  EXPECT_EQ(described.requested, 3000U);
  EXPECT_FALSE(described.lost_for);
  EXPECT_FALSE(padding_.clear());
  stall(Stage::kSend);
  described = padding_.describe(now_ + 2s);
  EXPECT_EQ(described.lost_for, 7s) << "the report that says it is the small one";
  EXPECT_EQ(described.stage, Stage::kSend);
  EXPECT_EQ(padding_.accepted(), Change::kLost);
  EXPECT_EQ(stalled_round(), Change::kNone) << "said once";
  EXPECT_EQ(lost_for(), 10s);
  begin_round();
  EXPECT_FALSE(lost_for()) << "a large one that says so would be wrong when it is read";
  padding_.stalled(Stage::kSend, now_);
  EXPECT_EQ(lost_for(), 15s);
}

TEST_F(PaddingTest, IsBackWithTheFirstThatArrives) {
  stalled_round();
  stalled_round();
  EXPECT_EQ(padded_round(), Change::kBack);
  EXPECT_FALSE(lost_for());
  EXPECT_TRUE(padding_.clear());
  EXPECT_EQ(stalled_round(), Change::kSuspected);
  EXPECT_EQ(padded_round(), Change::kNone);
  EXPECT_EQ(stalled_round(), Change::kSuspected) << "not two in a row";
}

TEST_F(PaddingTest, ClaimsNothingWhenSmallOnesFailToo) {
  stalled_round();
  stall(Stage::kSend);
  EXPECT_TRUE(lost_for());
  padding_.failed();
  EXPECT_FALSE(lost_for());
  EXPECT_EQ(padding_.accepted(), Change::kNone) << "sent again when the server is back";
  EXPECT_EQ(stalled_round(), Change::kSuspected);
}

TEST_F(PaddingTest, RemembersThroughAnOutageWhatWasKnownBefore) {
  stalled_round();
  stalled_round();
  stall(Stage::kConnect);
  padding_.failed();
  EXPECT_EQ(lost_for(), 10s);
  EXPECT_EQ(stalled_round(), Change::kNone);
  EXPECT_EQ(lost_for(), 15s);
}

TEST_F(PaddingTest, LearnsNothingFromConnectionsThatAreNotMade) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(stalled_round(Stage::kConnect), Change::kNone);
  EXPECT_FALSE(lost_for());
  stalled_round();
  EXPECT_EQ(stalled_round(Stage::kConnect), Change::kSuspected);
  EXPECT_EQ(stalled_round(), Change::kLost);
  stalled_round(Stage::kConnect);
  EXPECT_EQ(padding_.describe(now_).stage, Stage::kConnect);
}

TEST_F(PaddingTest, LearnsNothingFromAServerThatHasItAllAndDoesNotAnswer) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(stalled_round(Stage::kAnswer), Change::kNone);
  EXPECT_TRUE(padding_.clear());
  EXPECT_FALSE(lost_for());
  stalled_round();
  EXPECT_EQ(stalled_round(Stage::kAnswer), Change::kSuspected) << "nor is it back";
  EXPECT_EQ(stalled_round(), Change::kLost);
  stalled_round(Stage::kAnswer);
  EXPECT_EQ(padding_.describe(now_).stage, Stage::kSend);
}

TEST_F(PaddingTest, LearnsNothingFromRefusals) {
  stalled_round();
  stalled_round();
  begin_round();
  padding_.failed();
  EXPECT_EQ(stalled_round(), Change::kNone) << "lost as before";
  EXPECT_EQ(lost_for(), 15s);
}

TEST_F(PaddingTest, MayBeNoneWhileReportsAreLargeWithoutIt) {
  for (int i = 0; i < 2; ++i) {
    padding_.begin_round(0);
    EXPECT_FALSE(padding_.small());
    padding_.stalled(Stage::kSend, now_);
    EXPECT_TRUE(padding_.small());
    padding_.accepted();
  }
  EXPECT_TRUE(lost_for());
  EXPECT_EQ(padding_.describe(now_).requested, 0U);
}

TEST(PaddedTimeoutTest, LeavesTimeForASmallOne) {
  EXPECT_EQ(padded_timeout(60s, 60s), 8s);
  EXPECT_EQ(padded_timeout(14s, 15s), 4666ms);
  EXPECT_EQ(padded_timeout(2s, 15s), 1s);
  EXPECT_EQ(padded_timeout(0s, 2s), 1s);
  EXPECT_EQ(padded_timeout(1s, 1s), 500ms);
}

TEST(SweepElementsTest, AreAroundWhatSegmentsCarry) {
  const std::size_t unpadded = 2000;
  const auto sizes = sweep_elements({.mss = 1448, .unpadded = unpadded, .elements = 7});
  const auto request = [&](std::size_t index) { return unpadded + 2 * sizes.at(index) - 1; };
  EXPECT_EQ(request(0), 2 * 1448U - 3);
  EXPECT_EQ(request(1), 2 * 1448U - 1);
  EXPECT_EQ(request(2), 2 * 1448U + 1);
  EXPECT_EQ(request(4), 3 * 1448U - 1);
  EXPECT_EQ(request(7), 6 * 1448U - 1);
  EXPECT_EQ(sizes.at(9), 0U);
  EXPECT_EQ(sizes.at(10), 750U);
  EXPECT_EQ(sizes.at(11), 4500U);
  EXPECT_EQ(sizes.at(12), 7U);
  const auto odd = sweep_elements({.mss = 1448, .unpadded = 2001, .elements = 7});
  EXPECT_EQ(2001 + 2 * odd.at(1) - 1, 2 * 1448U) << "to the byte";
}

TEST(SweepElementsTest, AreBoundedAndKnowWithoutAnMssWhatTheyCan) {
  EXPECT_EQ(sweep_elements({.mss = 1'000'000, .unpadded = 5, .elements = 7}).at(7),
            kPaddingElementsMax);
  EXPECT_EQ(sweep_elements({.mss = 100, .unpadded = 99, .elements = 7}).at(0), 0U);
  const auto sizes = sweep_elements({.elements = 7});
  EXPECT_EQ(sizes.at(1), 750U);
  EXPECT_EQ(sizes.back(), 7U);
}

}  // namespace
}  // namespace meshcheck::agent
