#include "server/answer_share.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

class AnswerShareTest : public testing::Test {
 protected:
  static constexpr std::size_t kSize = 200'000;

  http::Response ask(Clock::duration at, bool gzips = false) {
    http::Request request;
    request.method = http::Method::kGet;
    if (gzips) request.headers.emplace_back("Accept-Encoding", "gzip");
    return ask(at, request);
  }
  http::Response ask(Clock::duration at, const http::Request& request) {
    now_ = Clock::time_point(at);
    return share_.answer("text/plain", request, [this] {
      ++made_;
      if (gzips_badly_) return noise(size_);
      return std::string(size_, static_cast<char>('a' + made_));
    });
  }
  // Bytes that gzip makes no smaller.
  static std::string noise(std::size_t size) {
    std::string bytes(size, '\0');
    std::uint32_t state = 1;
    for (char& byte : bytes)
      byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24U);
    return bytes;
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
  bool gzips_badly_ = false;
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

TEST_F(AnswerShareTest, KeepsTheLatestForASecondThoughNobodyIsSentIt) {
  ask(1s);
  http::Response soon = ask(2s);
  EXPECT_EQ(made_, 1);
  EXPECT_EQ(read(soon), std::string(kSize, 'b'));
  soon = {};
  http::Response later = ask(2001ms);
  EXPECT_EQ(made_, 2);
  EXPECT_EQ(read(later), std::string(kSize, 'c'));
}

TEST_F(AnswerShareTest, MakesNoneAgainAtOnceThatDidNotFit) {
  constexpr std::size_t kAll = 1 << 20U;
  memory_.change(0, kAll);
  ask(1s);  // The connection refuses it.
  EXPECT_EQ(memory_.held(), kAll) << "and it is not kept";
  for (int reader = 0; reader < 8; ++reader) {
    const http::Response refused = ask(2s);
    EXPECT_EQ(refused.status, 503);
    EXPECT_TRUE(refused.no_room);
  }
  EXPECT_EQ(made_, 1);
  ask(2001ms);
  EXPECT_EQ(made_, 2) << "it may be smaller now";
  memory_.change(kAll, 0);
  EXPECT_EQ(ask(2002ms).status, 200);
  EXPECT_EQ(made_, 3) << "there is room";
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
    now_ += 2s;
    share_.forget_unused();
    EXPECT_GE(memory_.held(), kSize);
  }
  share_.forget_unused();
  EXPECT_EQ(memory_.held(), 0U);
  ask(4s);
  share_.forget_unused();
  EXPECT_GE(memory_.held(), kSize) << "for a second";
  memory_.change(0, 1 << 20U);
  share_.forget_unused();
  EXPECT_EQ(memory_.held(), std::size_t{1} << 20U) << "if it is not in the way of others";
}

TEST_F(AnswerShareTest, CompressesOnceForAllWhoAskWhileItIsSent) {
  gzips_badly_ = true;
  http::Response first = ask(1s, true);
  http::Response second = ask(2s, true);
  http::Response plain = ask(2s);
  EXPECT_EQ(made_, 2) << "once in gzip and once as it is";
  EXPECT_EQ(first.headers.at(0), std::pair(std::string("Content-Encoding"), std::string("gzip")));
  EXPECT_EQ(second.headers, first.headers);
  EXPECT_TRUE(plain.headers.empty());
  EXPECT_LT(memory_.held(), 3 * kSize);
  const std::string bytes = read(first);
  EXPECT_TRUE(bytes.starts_with("\x1f\x8b"));
  EXPECT_EQ(read(second), bytes);
  EXPECT_EQ(read(plain), noise(kSize));
}

TEST_F(AnswerShareTest, SharesNoAnswerThatGzipMakesSmall) {
  const http::Response answer = ask(1s, true);
  EXPECT_TRUE(answer.body.starts_with("\x1f\x8b"));
  EXPECT_LT(answer.body.size(), kSize / 50);
  EXPECT_EQ(answer.headers.size(), 1U);
  EXPECT_FALSE(answer.source);
}

TEST_F(AnswerShareTest, CompressesNothingForAHead) {
  http::Request request;
  request.method = http::Method::kHead;
  request.headers.emplace_back("Accept-Encoding", "gzip");
  const http::Response answer = ask(1s, request);
  EXPECT_TRUE(answer.headers.empty());
  EXPECT_EQ(answer.source_size, kSize) << "as it is";
}

TEST_F(AnswerShareTest, CompressesNoTinyAnswer) {
  size_ = 100;
  const http::Response answer = ask(1s, true);
  EXPECT_EQ(answer.body.size(), 100U);
  EXPECT_TRUE(answer.headers.empty());
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
