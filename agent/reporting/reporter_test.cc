#include "agent/reporting/reporter.h"

#include <gtest/gtest.h>

#include "lib/testing/http_stub_server.h"

namespace meshcheck::agent {
namespace {

class ReporterTest : public http::ClientFixture {
 protected:
  Reporter::Delivery deliver(Reporter& reporter, Reporter::Submission submission) {
    std::optional<Reporter::Delivery> result;
    reporter.send(std::move(submission), [&](const Reporter::Delivery& done) {
      result = done;
      loop_.stop();
    });
    loop_.run();
    return result.value_or(Reporter::Delivery{.answer = Error("nothing happened"), .tcp = {}});
  }
  Result<std::string> send(Reporter& reporter, bool retry = false) {
    return deliver(reporter, {.body = "{}", .timeout = kTimeout, .retry = retry}).answer;
  }

  static constexpr std::chrono::milliseconds kTimeout{100};

  ServerAccess access_{loop_, {}, Log()};
  Reporter reporter_{client_, access_, server_.url("/api/v1/agents/a")};
};

TEST_F(ReporterTest, PostsJson) {
  server_.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  EXPECT_TRUE(send(reporter_));
  ASSERT_EQ(server_.requests.size(), 1U);
  const std::string& request = server_.requests[0];
  EXPECT_EQ(request.find("POST /api/v1/agents/a HTTP/1.1\r\n"), 0U);
  EXPECT_NE(request.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_EQ(reporter_.history().sent, 1U);
}

TEST_F(ReporterTest, CountsFailuresWithTheServersReason) {
  server_.answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 7\r\n\r\nreason\n";
  const auto result = send(reporter_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "the server answered 400: reason");
  EXPECT_FALSE(send(reporter_, /*retry=*/true));
  server_.answer = "HTTP/1.1 204 No Content\r\n\r\n";
  EXPECT_TRUE(send(reporter_, /*retry=*/true));
  EXPECT_EQ(reporter_.history().sent, 1U);
  EXPECT_EQ(reporter_.history().failed, 2U);
  EXPECT_EQ(reporter_.history().retried, 2U);
  EXPECT_EQ(reporter_.history().last_error, "the server answered 400: reason");
}

TEST_F(ReporterTest, CountsSilenceAsFailure) {
  EXPECT_FALSE(send(reporter_));
  EXPECT_EQ(reporter_.history().failed, 1U);
}

TEST_F(ReporterTest, TellsWhereAReportStalls) {
  const Reporter::Delivery silent = deliver(reporter_, {.body = "{}", .timeout = kTimeout});
  EXPECT_EQ(silent.stalled_at, PaddingStage::kAnswer);
  server_.answer = http::TestServer::ok("");
  const Reporter::Delivery accepted = deliver(reporter_, {.body = "{}", .timeout = kTimeout});
  EXPECT_EQ(accepted.stalled_at, PaddingStage::kNone);
  ASSERT_TRUE(accepted.tcp);
  EXPECT_GT(accepted.tcp->mss, 536U);
}

// The server's part of it is large, ours is small: that says nothing of what the agent sends.
TEST_F(ReporterTest, TakesAHandshakeThatStallsForNoConnection) {
  Reporter reporter(client_, access_, "https" + server_.url("/api/v1/agents/a").substr(4));
  const Reporter::Delivery silent = deliver(reporter, {.body = "{}", .timeout = kTimeout});
  EXPECT_EQ(silent.stalled_at, PaddingStage::kConnect);
  EXPECT_EQ(server_.requests.size(), 1U) << "its hello has arrived";
}

TEST_F(ReporterTest, SendsSmallPacketsWhenAsked) {
  server_.answer = http::TestServer::ok("");
  const auto delivery =
      deliver(reporter_, {.body = "{}", .timeout = kTimeout, .small_packets = true});
  ASSERT_TRUE(delivery.tcp);
  EXPECT_LE(delivery.tcp->mss, 536U);
}

TEST(ReporterStageTest, IsToldByWhatTheConnectionCameTo) {
  http::Outcome outcome;
  outcome.status = 413;
  EXPECT_EQ(stalled_at(outcome), PaddingStage::kNone);
  outcome.status = 408;
  EXPECT_EQ(stalled_at(outcome), PaddingStage::kSend) << "the server waited in vain";
  outcome.status = 0;
  outcome.error = Error("refused");
  EXPECT_EQ(stalled_at(outcome), PaddingStage::kNone);
  outcome.timed_out = true;
  EXPECT_EQ(stalled_at(outcome), PaddingStage::kConnect);
  outcome.connected = true;
  outcome.tcp = http::TcpInfo{.pending = true};
  EXPECT_EQ(stalled_at(outcome), PaddingStage::kSend);
  outcome.tcp->pending = false;
  EXPECT_EQ(stalled_at(outcome), PaddingStage::kAnswer);
  outcome.timed_out = false;
  EXPECT_EQ(stalled_at(outcome), PaddingStage::kAnswer) << "it broke";
  outcome.status = 200;
  EXPECT_EQ(stalled_at(outcome), PaddingStage::kNone) << "an answer that cannot be used";
  outcome.timed_out = true;
  outcome.tcp->pending = true;
  EXPECT_EQ(stalled_at(outcome), PaddingStage::kAnswer);
}

TEST(ReporterJudgeTest, TakesEvery2xxAndNothingElse) {
  http::Outcome outcome;
  for (const auto& [status, accepted] :
       {std::pair{200, true}, {204, true}, {299, true}, {199, false}, {301, false}, {500, false}}) {
    outcome.status = status;
    EXPECT_EQ(judge(outcome).has_value(), accepted) << status;
  }
}

TEST(ReporterJudgeTest, BoundsTheServersText) {
  http::Outcome outcome;
  outcome.status = 500;
  outcome.body = std::string(10'000, 'x');
  EXPECT_LT(judge(outcome).error().message().size(), 250U);
  outcome.body = "\n";
  EXPECT_EQ(judge(outcome).error().message(), "the server answered 500: without a text");
}

}  // namespace
}  // namespace meshcheck::agent
