#include "agent/reporting/report_round.h"

#include <gtest/gtest.h>

#include <string>

namespace meshcheck::agent {
namespace {

using namespace std::chrono_literals;
using Change = Padding::Change;
using Stage = PaddingStage;

// Rounds of ten seconds, with 2,999 bytes of padding.
class ReportRoundTest : public testing::Test {
 protected:
  static Config config() {
    Config config;
    config.interval = 10s;
    config.zero_extender_length = 1500;
    return config;
  }
  static Reporter::Delivery stalled(Stage stage = Stage::kSend) {
    return {.answer = Error("timed out"), .stalled_at = stage, .tcp = {}};
  }
  static Reporter::Delivery refused() {
    return {.answer = Error("the server answered 400"), .tcp = {}};
  }

  void begin() { round_.begin(mesh::Report(), {}, now_); }
  Reporter::Submission attempt(std::chrono::milliseconds left, bool retry = false,
                               bool last = false) {
    return round_.attempt({.now = now_, .round_end = now_ + left, .retry = retry, .last = last});
  }
  bool says(const std::string& text) const { return round_.body().find(text) != std::string::npos; }

  Clock::time_point now_{1000s};
  Config config_ = config();
  ReportRound round_{config_};
};

TEST_F(ReportRoundTest, GivesWhatMayStallAPartOfTheRound) {
  begin();
  const Reporter::Submission submission = attempt(9s);
  EXPECT_EQ(submission.timeout, 3s);
  EXPECT_FALSE(submission.small_packets);
  EXPECT_FALSE(submission.retry);
  EXPECT_EQ(submission.body, round_.body());
  EXPECT_GT(submission.body.size(), 2999U);
}

TEST_F(ReportRoundTest, GivesAReportWithoutPaddingTheRestOfTheRound) {
  config_.zero_extender_length = 0;
  begin();
  EXPECT_EQ(attempt(8s).timeout, 8s);
  EXPECT_EQ(attempt(20s).timeout, 9s) << "a second less than the interval";
  EXPECT_EQ(attempt(-1s).timeout, 1s) << "the round is over";
  EXPECT_FALSE(round_.should_drop_padding(stalled(), /*last=*/false)) << "there is none";
}

TEST_F(ReportRoundTest, GoesOnWithoutPaddingOnceItStalled) {
  begin();
  const std::size_t padded = round_.body().size();
  attempt(9s);
  ASSERT_TRUE(round_.should_drop_padding(stalled(), /*last=*/false));
  now_ += 3s;
  round_.drop_padding(Stage::kSend, {}, now_);
  EXPECT_LT(round_.body().size(), padded - 2000);
  const Reporter::Submission again = attempt(6s, /*retry=*/true);
  EXPECT_TRUE(again.small_packets);
  EXPECT_TRUE(again.retry);
  EXPECT_EQ(again.timeout, 6s);
  EXPECT_FALSE(round_.should_drop_padding(stalled(), /*last=*/false)) << "once a round";
  EXPECT_EQ(round_.accepted(), Change::kSuspected);
  begin();
  EXPECT_FALSE(round_.small()) << "the next round tries again";
}

TEST_F(ReportRoundTest, ClaimsNoLossWhileASlowServerHasAllOfIt) {
  for (int round = 0; round < 3; ++round) {
    begin();
    attempt(9s);
    ASSERT_TRUE(round_.should_drop_padding(stalled(Stage::kAnswer), /*last=*/false));
    round_.drop_padding(Stage::kAnswer, {}, now_);
    EXPECT_TRUE(attempt(6s, /*retry=*/true).small_packets) << "it is to be heard all the same";
    EXPECT_TRUE(says(R"("lost_ms":null,"stage":"")"));
    EXPECT_EQ(round_.accepted(), Change::kNone);
  }
}

TEST_F(ReportRoundTest, KeepsThePaddingWhenTheServerRefuses) {
  begin();
  attempt(9s);
  EXPECT_FALSE(round_.should_drop_padding(refused(), /*last=*/false));
  const std::string before = round_.body();
  round_.failed({}, now_);
  EXPECT_EQ(round_.body(), before) << "a retry has the same bytes";
}

TEST_F(ReportRoundTest, TellsALossOnlyOnceSmallReportsArrive) {
  for (int round = 0; round < 2; ++round) {
    begin();
    attempt(9s);
    round_.drop_padding(Stage::kSend, {}, now_);
  }
  EXPECT_TRUE(says("\"lost_ms\":0"));
  round_.failed({}, now_);
  EXPECT_FALSE(says("\"lost_ms\":0")) << "nothing passes: it may be an outage";
}

TEST_F(ReportRoundTest, SaysGoodbyeOnceAndSmall) {
  EXPECT_FALSE(round_.can_say_goodbye()) << "nothing was reported yet";
  begin();
  ASSERT_TRUE(round_.can_say_goodbye());
  round_.say_goodbye({}, {.wall = WallTime(), .steady = now_});
  EXPECT_FALSE(round_.can_say_goodbye());
  EXPECT_TRUE(says("\"stopping\":true"));
  EXPECT_LT(round_.body().size(), 2999U);
  EXPECT_TRUE(attempt(9s, /*retry=*/false, /*last=*/true).small_packets);
  EXPECT_FALSE(round_.should_drop_padding(stalled(), /*last=*/true));
}

TEST_F(ReportRoundTest, DescribesTheConnectionInTheNextReport) {
  begin();
  EXPECT_FALSE(says("\"mss\":1400"));
  round_.note_connection({.mss = 1400});
  begin();
  EXPECT_TRUE(says("\"mss\":1400"));
}

TEST_F(ReportRoundTest, SweepsToTheEndOfASegment) {
  config_.padding_sweep = true;
  begin();
  round_.note_connection({.mss = 1000, .acknowledged = round_.body().size() + 201});
  begin();
  const std::size_t request = round_.body().size() + 200;
  const std::size_t end = request % 1000;
  EXPECT_TRUE(end >= 997 || end <= 3) << request;
}

TEST_F(ReportRoundTest, KeepsASizeThatIsInDoubt) {
  config_.padding_sweep = true;
  begin();
  round_.note_connection({.mss = 1000, .acknowledged = round_.body().size() + 201});
  begin();
  const std::size_t before = round_.body().size();
  round_.begin(mesh::Report(), {.described = {}, .clear = false}, now_);
  EXPECT_EQ(round_.body().size(), before);
}

}  // namespace
}  // namespace meshcheck::agent
