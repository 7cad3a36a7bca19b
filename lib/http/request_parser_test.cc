#include "lib/http/request_parser.h"

#include <gtest/gtest.h>

#include <array>

namespace meshcheck::http {
namespace {

using Step = RequestParser::Step;

// Feeds `text` whole, expects one step besides that of the headers, and that all of it is used.
Step feed(RequestParser& parser, std::string_view text) {
  Step step = parser.step(text);
  if (step == Step::kHead && !parser.wants_continue()) step = parser.step(text);
  EXPECT_TRUE(step == Step::kRefused || text.empty()) << "left over: " << text;
  return step;
}

TEST(RequestParserTest, ReadsARequestThatComesByteByByte) {
  RequestParser parser({});
  const std::string_view text =
      "POST /api/v1/agents/a%20b?x=1&y=%2F HTTP/1.1\r\nHost: s\r\nContent-Length: 4\r\n\r\nbody";
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    ASSERT_EQ(feed(parser, text.substr(i, 1)), Step::kMore);
  }
  EXPECT_TRUE(parser.in_request());
  ASSERT_EQ(feed(parser, text.substr(text.size() - 1)), Step::kRequest);
  const Request& request = parser.request();
  EXPECT_EQ(request.method, Method::kPost);
  EXPECT_EQ(request.path, "/api/v1/agents/a b");
  EXPECT_EQ(request.query_value("y"), "/");
  EXPECT_EQ(request.query_value("z"), "");
  EXPECT_EQ(request.header("hOST"), "s");
  EXPECT_EQ(request.body, "body");
  EXPECT_GE(request.body.capacity(), request.body.size() + Request::kBodyPadding);
  EXPECT_TRUE(request.keep_alive);
  EXPECT_FALSE(parser.in_request());
}

TEST(RequestParserTest, TakesATargetWithAHostForItsPath) {
  const std::vector<std::array<std::string, 3>> cases = {
      {"http://s/a%20b?x=http://y/z", "/a b", "x=http://y/z"},
      {"HTTPS://user@[::1]:80/", "/", ""},
      {"http://s", "/", ""},
      {"http://s?x=1", "/", "x=1"},
      {"/redirect/http://s/b", "/redirect/http://s/b", ""},
  };
  for (const auto& [target, path, query] : cases) {
    RequestParser parser({});
    ASSERT_EQ(feed(parser, "GET " + target + " HTTP/1.1\r\nHost: s\r\n\r\n"), Step::kRequest)
        << target << parser.refusal().body;
    EXPECT_EQ(parser.request().path, path);
    EXPECT_EQ(parser.request().query, query);
  }
}

TEST(RequestParserTest, TrimsTheBlanksAroundAValue) {
  RequestParser parser({});
  ASSERT_EQ(feed(parser, "GET / HTTP/1.1\r\nHost: \t s \t \r\nA:  b c \r\nB: \r\n\r\n"),
            Step::kRequest);
  EXPECT_EQ(parser.request().header("Host"), "s");
  EXPECT_EQ(parser.request().header("A"), "b c");
  EXPECT_EQ(parser.request().header("B"), "");
}

TEST(RequestParserTest, NeedsNoHostFromHttp10) {
  RequestParser parser({});
  EXPECT_EQ(feed(parser, "GET / HTTP/1.0\r\n\r\n"), Step::kRequest);
}

TEST(RequestParserTest, LeavesPipelinedRequestsInTheBytes) {
  RequestParser parser({});
  std::string_view bytes = "GET /1 HTTP/1.1\r\nHost: s\r\n\r\nGET /2 HTTP/1.0\r\n\r\n";
  ASSERT_EQ(parser.step(bytes), Step::kRequest);
  EXPECT_EQ(parser.request().path, "/1");
  ASSERT_EQ(parser.step(bytes), Step::kRequest);
  EXPECT_EQ(parser.request().path, "/2");
  EXPECT_FALSE(parser.request().keep_alive);
  EXPECT_TRUE(bytes.empty());
}

TEST(RequestParserTest, JoinsChunksAndDropsTheTrailer) {
  RequestParser parser({});
  ASSERT_EQ(feed(parser,
                 "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\r\nabc\r\n2;note=x\r\nde\r\n0\r\nHost: forged\r\n\r\n"),
            Step::kRequest);
  EXPECT_EQ(parser.request().body, "abcde");
  EXPECT_EQ(parser.request().header("Host"), "s");
}

TEST(RequestParserTest, AsksForTheGoAheadBeforeABody) {
  RequestParser parser({});
  ASSERT_EQ(feed(parser,
                 "POST / HTTP/1.1\r\nHost: s\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
            Step::kHead);
  ASSERT_EQ(feed(parser, "ok"), Step::kRequest);
  EXPECT_EQ(parser.request().body, "ok");
}

TEST(RequestParserTest, ForgetsTheRequestBefore) {
  RequestParser parser({});
  ASSERT_EQ(feed(parser, "POST /a?q HTTP/1.1\r\nHost: s\r\nX: y\r\nContent-Length: 1\r\n\r\nz"),
            Step::kRequest);
  ASSERT_EQ(feed(parser, "GET /b HTTP/1.1\r\nHost: s\r\n\r\n"), Step::kRequest);
  EXPECT_EQ(parser.request().query, "");
  EXPECT_EQ(parser.request().body, "");
  EXPECT_EQ(parser.request().headers.size(), 1U);
}

TEST(RequestParserTest, RefusesWhatExceedsALimitWithItsStatus) {
  const Limits limits{
      .target_size_max = 20, .headers_size_max = 60, .headers_max = 3, .body_size_max = 8};
  const std::vector<std::pair<int, std::string>> cases = {
      {414, "GET /" + std::string(20, 'x') + " HTTP/1.1\r\nHost: s\r\n\r\n"},
      {431, "GET / HTTP/1.1\r\nHost: s\r\nName: " + std::string(60, 'x') + "\r\n\r\n"},
      {431, "GET / HTTP/1.1\r\nHost: s\r\na: 1\r\nb: 1\r\nc: 1\r\nd: 1\r\n\r\n"},
      {413, "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 9\r\n\r\n"},
      {413, "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"},
      {413, "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n"},
      {417, "POST / HTTP/1.1\r\nHost: s\r\nExpect: a miracle\r\n\r\n"},
      {400,
       "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {400, "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 99999999999999999999\r\n\r\n"},
      {400, "nonsense\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: s\r\nhost: s\r\n\r\n"},
      {400, "GET / HTTP/1.0\r\nHost: s\r\nHost: t\r\n\r\n"},
      {505, "GET /\r\n"},
      {505, "GET /\r\nHost: s\r\n\r\n"},
      {505, "GET / HTTP/0.9\r\n"},
      {505, "GET / HTTP/2.0\r\n"},
      {505, "GET / HTTP/3.7\r\n"},
      {400, "GET / http/1.1\r\n"},
      {400, "GET / HTTP/1.1\r\nHost: s\r\nA : b\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\n A: b\r\nHost: s\r\n\r\n"},
  };
  for (const auto& [status, text] : cases) {
    RequestParser parser(limits);
    EXPECT_EQ(feed(parser, text), Step::kRefused) << text;
    EXPECT_EQ(parser.refusal().status, status) << text << parser.refusal().body;
  }
}

TEST(RequestParserTest, TakesNoNoticeOfAnUpgrade) {
  RequestParser parser({});
  ASSERT_EQ(
      feed(parser, "GET / HTTP/1.1\r\nHost: s\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
      Step::kRequest);
  EXPECT_FALSE(parser.request().keep_alive);
}

}  // namespace
}  // namespace meshcheck::http
