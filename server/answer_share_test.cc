#include "server/answer_share.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

class AnswerShareTest : public testing::Test {
 protected:
  static constexpr std::size_t kSize = 200'000;

  http::Response ask(Clock::duration at) {
    now_ = Clock::time_point(at);
    return share_.answer("text/plain", [this] {
      ++made_;
      return std::string(size_, static_cast<char>('a' + made_));
    });
  }
  static std::string read(http::Response& response) {
    std::string all;
    std::string piece;
    for (auto step = http::BodyStep::kMore; step == http::BodyStep::kMore; all += piece) {
      piece.clear();
      step = response.source(piece);
      EXPECT_LE(piece.size(), 64U * 1024);
    }
    return all;
  }

  http::MemoryBudget memory_{1 << 20U};
  Clock::time_point now_;
  AnswerShare share_{memory_, [this] { return now_; }};
  std::size_t size_ = kSize;
  int made_ = 0;
};

TEST_F(AnswerShareTest, SendsOneCopyToAllWhoAskWhileItIsSent) {
  http::Response first = ask(1s);
  http::Response second = ask(2s);
  EXPECT_EQ(made_, 1);
  EXPECT_LT(memory_.held(), 2 * kSize);
  EXPECT_EQ(second.source_size, kSize);
  EXPECT_EQ(read(first), std::string(kSize, 'b'));
  EXPECT_EQ(read(second), std::string(kSize, 'b'));
}

TEST_F(AnswerShareTest, MakesANewOneForWhoAsksAlone) {
  ask(1s);
  EXPECT_EQ(made_, 1);
  http::Response alone = ask(1s);
  EXPECT_EQ(made_, 2);
  EXPECT_EQ(read(alone), std::string(kSize, 'c'));
}

TEST_F(AnswerShareTest, MakesANewOneWhenTheLatestIsTooOld) {
  http::Response slow = ask(1s);
  http::Response next = ask(2001ms);
  EXPECT_EQ(made_, 2);
  EXPECT_EQ(read(slow), std::string(kSize, 'b')) << "and who reads the old one keeps it";
  EXPECT_EQ(read(next), std::string(kSize, 'c'));
}

TEST_F(AnswerShareTest, FreesWhatNobodyReads) {
  {
    const http::Response slow = ask(1s);
    share_.forget_unused();
    EXPECT_GE(memory_.held(), kSize);
  }
  share_.forget_unused();
  EXPECT_EQ(memory_.held(), 0U);
}

TEST_F(AnswerShareTest, LeavesSmallAnswersAlone) {
  size_ = 1000;
  const http::Response first = ask(1s);
  EXPECT_EQ(first.body.size(), 1000U);
  EXPECT_FALSE(first.source);
  EXPECT_EQ(memory_.held(), 0U);
}

}  // namespace
}  // namespace meshcheck::server
