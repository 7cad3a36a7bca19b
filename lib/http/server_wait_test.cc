// Answers that wait for news.
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/http/server.h"
#include "lib/testing/loop.h"
#include "lib/testing/raw_client.h"

namespace meshcheck::http {
namespace {

using namespace std::chrono_literals;

class ServerWaitTest : public testing::Test {
 protected:
  ServerWaitTest() {
    std::signal(SIGPIPE, SIG_IGN);
    router_.add(Method::kGet, "/ping", [](const Request&) { return Response(); });
    // Each event once to each client; a comment for one who is asked and has none.
    router_.add(Method::kGet, "/events", [this](const Request&) {
      Response response;
      response.waits = true;
      response.source = [this, seen = std::size_t{0}, begun = false](std::string& piece) mutable {
        ++asked_;
        if (seen == events_.size() && std::exchange(begun, true)) piece += ":\n";
        for (; seen < events_.size(); ++seen) piece += events_[seen];
        return ended_ ? BodyStep::kEnd : BodyStep::kWait;
      };
      return response;
    });
  }

  void listen(const Server::Options& options) {
    auto server =
        Server::listen(loop_, *Endpoint::parse("127.0.0.1:0"), router_, counters_, options);
    ASSERT_TRUE(server) << server.error().message();
    server_ = *std::move(server);
  }

  TestClient& send(std::string bytes) {
    clients_.push_back(std::make_unique<TestClient>(loop_, server_->local(), std::move(bytes)));
    return *clients_.back();
  }
  TestClient& subscribe() { return send("GET /events HTTP/1.1\r\nHost: s\r\n\r\n"); }

  void tell(std::string event) {
    events_.push_back(std::move(event));
    server_->wake();
  }

  // Runs the loop until `done`; a test that waits a minute has failed.
  template <typename Done>
  void run_until(Done&& done) {
    EXPECT_TRUE(uv::run_until(loop_, done));
  }

  // Has the headers, does not read, and an event waits that the kernel does not take whole.
  TestClient& subscribe_slowly() {
    TestClient& client = subscribe();
    run_until([&] { return !client.received.empty(); });
    client.stream.pause();
    tell(std::string(16 << 20U, 'x'));
    run_until([&] { return asked_ == 2; });
    return client;
  }

  uv::Loop loop_;
  Router router_;
  Counters counters_;
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<TestClient>> clients_;
  std::vector<std::string> events_;
  bool ended_ = false;
  int asked_ = 0;
};

TEST_F(ServerWaitTest, SendsNewsWhenItIsWokenAndItsHeadersBefore) {
  listen({});
  TestClient& first = subscribe();
  TestClient& second = subscribe();
  run_until([&] { return asked_ == 2 && !first.received.empty() && !second.received.empty(); });
  EXPECT_NE(first.received.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(first.body(), "");
  tell("one\n");
  run_until([&] { return first.body() == "4\r\none\n\r\n" && second.body() == first.body(); });
  ended_ = true;
  tell("two\n");
  run_until([&] { return first.ended && second.ended; });
  EXPECT_EQ(first.body(), "4\r\none\n\r\n4\r\ntwo\n\r\n0\r\n\r\n");
  EXPECT_EQ(counters_.waiting_open, 0U);
}

TEST_F(ServerWaitTest, AsksOnceForManyCallsInOneTurn) {
  listen({});
  TestClient& client = subscribe();
  run_until([&] { return !client.received.empty(); });
  for (int i = 0; i < 100; ++i) tell("x");
  run_until([&] { return client.body() == "64\r\n" + std::string(100, 'x') + "\r\n"; });
  EXPECT_EQ(asked_, 2);
}

TEST_F(ServerWaitTest, AsksWithoutNewsTooAndKnowsNoIdleTime) {
  listen({.idle_timeout = 1s, .request_timeout = 1s, .send_timeout = 1s, .wait_interval = 1s});
  TestClient& client = subscribe();
  run_until([&] { return client.body().ends_with("2\r\n:\n\r\n2\r\n:\n\r\n"); });
  EXPECT_EQ(counters_.connections_timed_out, 0U);
}

TEST_F(ServerWaitTest, EndsWhenTheClientLeavesOrIsReset) {
  listen({});
  TestClient& leaves = subscribe();
  TestClient& resets = subscribe();
  run_until([&] { return counters_.waiting_open == 2; });
  leaves.stream.finish_writing();
  run_until([&] { return counters_.waiting_open == 1; });
  resets.stream.reset();
  run_until([&] { return counters_.waiting_open == 0; });
  EXPECT_EQ(counters_.connections_open, 0U);
}

TEST_F(ServerWaitTest, IgnoresRequestsBehindItAndSeesTheClientLeaveAllTheSame) {
  listen({});
  TestClient& client = send(
      "GET /ping HTTP/1.1\r\nHost: s\r\n\r\nGET /events HTTP/1.1\r\nHost: s\r\n\r\nGET /ping "
      "HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return client.received.find("chunked") != std::string::npos; });
  EXPECT_NE(client.received.find("Connection: close\r\n"), std::string::npos);
  client.stream.write("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  tell("one\n");
  run_until([&] { return client.received.ends_with("one\n\r\n"); });
  EXPECT_EQ(counters_.requests, 2U);
  client.stream.finish_writing();
  run_until([&] { return counters_.connections_open == 0; });
}

TEST_F(ServerWaitTest, RefusesWhatExceedsItsBound) {
  listen({.waiting_max = 2});
  subscribe();
  TestClient& second = subscribe();
  run_until([&] { return counters_.waiting_open == 2; });
  TestClient& third =
      send("GET /events HTTP/1.1\r\nHost: s\r\n\r\nGET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return third.received.find("HTTP/1.1 200 OK") != std::string::npos; });
  EXPECT_TRUE(third.received.starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(counters_.waiting_refused, 1U);
  second.stream.finish_writing();
  run_until([&] { return counters_.waiting_open == 1; });
  subscribe();
  run_until([&] { return counters_.waiting_open == 2; });
  EXPECT_EQ(counters_.waiting_refused, 1U);
}

TEST_F(ServerWaitTest, CountsNoAnswerToHead) {
  listen({.waiting_max = 0});
  TestClient& client = send("HEAD /events HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return client.ended; });
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(asked_, 0);
}

TEST_F(ServerWaitTest, AsksNobodyWhoDoesNotReadAndCutsHim) {
  listen({.send_timeout = 1s});
  TestClient& client = subscribe();
  run_until([&] { return !client.received.empty(); });
  client.stream.pause();
  int asked_before = -1;
  while (asked_before != asked_) {
    asked_before = asked_;
    tell(std::string(1 << 20U, 'x'));
    for (int turn = 0; turn < 10; ++turn) uv_run(loop_.get(), UV_RUN_NOWAIT);
  }
  EXPECT_LT(asked_, 50) << "the kernel took it all";
  run_until([&] { return counters_.waiting_open == 0; });
  EXPECT_EQ(counters_.connections_timed_out, 1U);
}

TEST_F(ServerWaitTest, SendsWhatASlowReaderMissedOnceHeReads) {
  listen({});
  TestClient& client = subscribe_slowly();
  for (int i = 0; i < 3; ++i) {
    tell("late");
    for (int turn = 0; turn < 3; ++turn) uv_run(loop_.get(), UV_RUN_NOWAIT);
  }
  EXPECT_EQ(asked_, 2);
  client.stream.resume();
  run_until([&] { return client.received.ends_with("latelatelate\r\n"); });
  EXPECT_EQ(asked_, 3);
}

TEST_F(ServerWaitTest, EndsAtOnceWhenItDrains) {
  listen({});
  TestClient& client = subscribe();
  run_until([&] { return !client.received.empty(); });
  bool drained = false;
  server_->drain(60s, [&] { drained = true; });
  run_until([&] { return client.ended; });
  EXPECT_EQ(client.body(), "0\r\n\r\n");
  client.stream.finish_writing();
  run_until([&] { return drained; });
}

TEST_F(ServerWaitTest, EndsBehindWhatASlowReaderHasNotReadWhenItDrains) {
  listen({});
  TestClient& client = subscribe_slowly();
  tell("late");
  bool drained = false;
  server_->drain(60s, [&] { drained = true; });
  client.stream.resume();
  run_until([&] { return client.ended; });
  EXPECT_TRUE(client.received.ends_with("x\r\n0\r\n\r\n")) << "it is not asked again";
  EXPECT_EQ(asked_, 2);
  client.stream.finish_writing();
  run_until([&] { return drained; });
}

TEST_F(ServerWaitTest, EndsWithItsSourceAndAnswersNothingBehindIt) {
  listen({});
  TestClient& client =
      send("GET /events HTTP/1.1\r\nHost: s\r\n\r\nGET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return !client.received.empty(); });
  ended_ = true;
  tell("last");
  run_until([&] { return client.ended; });
  EXPECT_TRUE(client.received.ends_with("last\r\n0\r\n\r\n"));
  EXPECT_EQ(counters_.waiting_open, 0U);
}

TEST_F(ServerWaitTest, EndsByClosingWhereTheClientKnowsNoChunks) {
  listen({});
  TestClient& client = send("GET /events HTTP/1.0\r\n\r\n");
  run_until([&] { return !client.received.empty(); });
  ended_ = true;
  tell("one\n");
  run_until([&] { return client.ended; });
  EXPECT_EQ(client.body(), "one\n");
}

}  // namespace
}  // namespace meshcheck::http
