#include "lib/agent/reporter.h"

#include <gtest/gtest.h>

#include "lib/http/client_test_server.h"

namespace meshcheck::agent {
namespace {

class ReporterTest : public http::ClientFixture {
 protected:
  Result<std::string> send(Reporter& reporter, bool retry = false) {
    std::optional<Result<std::string>> result;
    reporter.send({.body = "{}", .timeout = std::chrono::milliseconds(100), .retry = retry},
                  [&](const Result<std::string>& done) {
                    result = done;
                    loop_.stop();
                  });
    loop_.run();
    return result.value_or(Error("nothing happened"));
  }

  Reporter reporter_{client_, server_.url("/api/v1/agents/a")};
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
