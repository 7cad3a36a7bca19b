#include "agent/reporting/answer_prober.h"

#include <gtest/gtest.h>

#include "lib/testing/http_stub_server.h"

namespace meshcheck::agent {
namespace {

using std::chrono::milliseconds;

class AnswerProberTest : public http::ClientFixture {
 protected:
  // Asks, and runs until no answer is awaited any more.
  mesh::ReportPadding ask(std::size_t size) {
    prober_.ask({.size = size, .timeout = milliseconds(100)});
    while (prober_.busy()) loop_.run_once();
    return prober_.describe();
  }
  void stall() {
    server_.answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0000";
    ask(10);
  }

  int changes_ = 0;
  ServerAccess access_{loop_, {}, Log()};
  AnswerProber prober_{
      loop_, client_, access_, {.url = server_.url("/api/v1/ping"), .log = {}, .on_change = [this] {
                                  ++changes_;
                                }}};
};

TEST_F(AnswerProberTest, AsksForASize) {
  server_.answer = http::TestServer::ok("0000000000");
  const mesh::ReportPadding padding = ask(10);
  ASSERT_EQ(server_.requests.size(), 1U);
  EXPECT_EQ(server_.requests[0].find("GET /api/v1/ping?size=10 HTTP/1.1\r\n"), 0U);
  EXPECT_EQ(padding.requested, 10U);
  EXPECT_EQ(padding.delivered, 10U);
  EXPECT_FALSE(padding.lost_for);
}

TEST_F(AnswerProberTest, MakesNoClaimWithAServerThatKnowsNoSizes) {
  for (const auto* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                             "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n000000000000"}) {
    server_.answer = answer;
    for (int i = 0; i < 3; ++i) ask(10);
    prober_.report_accepted();
    EXPECT_FALSE(prober_.describe().lost_for) << answer;
    EXPECT_TRUE(prober_.clear()) << answer;
  }
}

TEST_F(AnswerProberTest, AsksOnceMoreWhenAnAnswerStalls) {
  stall();
  EXPECT_EQ(server_.requests.size(), 2U);
  EXPECT_EQ(changes_, 1);
  const mesh::ReportPadding padding = prober_.describe();
  EXPECT_EQ(padding.delivered, 4U);
  EXPECT_TRUE(padding.lost_for);
  EXPECT_EQ(padding.stage, PaddingStage::kAnswer);
  prober_.report_accepted();
  stall();
  EXPECT_EQ(server_.requests.size(), 3U) << "it is known";
  EXPECT_EQ(changes_, 1);
  server_.answer = http::TestServer::ok("0000000000");
  EXPECT_FALSE(ask(10).lost_for);
  EXPECT_EQ(changes_, 2);
}

TEST_F(AnswerProberTest, TakesTheServersPartOfAHandshakeForAnAnswer) {
  AnswerProber prober(
      loop_, client_, access_,
      {.url = "https" + server_.url("/api/v1/ping").substr(4), .log = {}, .on_change = [] {}});
  prober.ask({.size = 10, .timeout = milliseconds(100)});
  while (prober.busy()) loop_.run_once();
  EXPECT_TRUE(prober.describe().lost_for);
  EXPECT_EQ(prober.describe().stage, PaddingStage::kAnswer);
}

TEST_F(AnswerProberTest, MakesNoClaimWhenReportsFailToo) {
  stall();
  prober_.report_failed();
  EXPECT_FALSE(prober_.describe().lost_for);
}

}  // namespace
}  // namespace meshcheck::agent
