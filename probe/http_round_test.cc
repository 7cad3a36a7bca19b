#include "probe/http_round.h"

#include <gtest/gtest.h>

#include "lib/testing/http_stub_server.h"

namespace meshcheck::probe {
namespace {

class HttpRoundTest : public http::ClientFixture {
 protected:
  std::vector<mesh::HttpProbe> run(const std::vector<std::string>& urls) {
    std::vector<mesh::HttpProbe> probes;
    std::optional<HttpRound> round;
    round.emplace(client_, urls, HttpRound::Options{.timeout = std::chrono::milliseconds(200)},
                  [&](std::vector<mesh::HttpProbe> results) {
                    probes = std::move(results);
                    round.reset();
                    loop_.stop();
                  });
    loop_.run();
    return probes;
  }
};

TEST_F(HttpRoundTest, KeepsTheOrderOfTheUrls) {
  server_.answer = http::TestServer::ok("x");
  const auto probes = run({server_.url("/a"), "http://127.0.0.1:1/", server_.url("/b")});
  ASSERT_EQ(probes.size(), 3U);
  EXPECT_EQ(probes[0].url, server_.url("/a"));
  EXPECT_EQ(probes[0].connection_result, 1);
  EXPECT_EQ(probes[0].http_code, 200);
  EXPECT_EQ(probes[1].connection_result, 0);
  EXPECT_EQ(probes[1].http_code, 0);
  EXPECT_EQ(probes[2].url, server_.url("/b"));
}

TEST_F(HttpRoundTest, EndsWithItsTimeout) {
  const auto probes = run({server_.url("/silent")});
  ASSERT_EQ(probes.size(), 1U);
  EXPECT_EQ(probes[0].connection_result, 1);
  EXPECT_EQ(probes[0].http_code, 0);
  EXPECT_GE(probes[0].total_ms, 199);
  EXPECT_EQ(probes[0].server_processing_ms, 0);
}

TEST(HttpProbeTest, TruncatesToWholeMilliseconds) {
  using std::chrono::microseconds;
  http::Outcome outcome;
  outcome.connected = true;
  outcome.status = 500;
  outcome.phases = {.dns = microseconds(1999),
                    .tcp_connect = microseconds(2001),
                    .connect = microseconds(4000),
                    .server_processing = microseconds(999),
                    .content_transfer = microseconds(5500),
                    .total = microseconds(10'999)};
  const auto probe = to_http_probe("u", outcome);
  EXPECT_EQ(probe.connection_result, 1);
  EXPECT_EQ(probe.http_code, 500);
  EXPECT_EQ(probe.dns_lookup_ms, 1);
  EXPECT_EQ(probe.tcp_connection_ms, 2);
  EXPECT_EQ(probe.connect_ms, 4);
  EXPECT_EQ(probe.server_processing_ms, 0);
  EXPECT_EQ(probe.content_transfer_ms, 5);
  EXPECT_EQ(probe.total_ms, 10);
}

TEST(HttpProbeTest, HasOnlyATotalWithoutAConnection) {
  http::Outcome outcome;
  outcome.phases.dns = std::chrono::milliseconds(7);
  outcome.phases.total = std::chrono::milliseconds(9);
  const auto probe = to_http_probe("u", outcome);
  EXPECT_EQ(probe.connection_result, 0);
  EXPECT_EQ(probe.dns_lookup_ms, 0);
  EXPECT_EQ(probe.total_ms, 9);
}

}  // namespace
}  // namespace meshcheck::probe
