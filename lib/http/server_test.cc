#include "lib/http/server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "lib/testing/loop.h"
#include "lib/testing/raw_client.h"

namespace meshcheck::http {
namespace {

using namespace std::chrono_literals;

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    router_.add(Method::kGet, "/ping", [](const Request&) { return Response(); });
    router_.add(Method::kPost, "/echo", [](const Request& request) {
      Response response;
      response.body = request.body;
      return response;
    });
    router_.add(Method::kGet, "/large", [](const Request&) {
      Response response;
      response.body.assign(1 << 20U, 'x');
      return response;
    });
  }

  void listen(const Server::Options& options = {}) {
    auto server =
        Server::listen(loop_, *Endpoint::parse("127.0.0.1:0"), router_, counters_, options);
    ASSERT_TRUE(server) << server.error().message();
    server_ = *std::move(server);
  }

  TestClient& send(std::string bytes) {
    clients_.push_back(std::make_unique<TestClient>(loop_, server_->local(), std::move(bytes)));
    return *clients_.back();
  }

  // Runs the loop until `done`; a test that waits a minute has failed.
  template <typename Done>
  void run_until(Done&& done) {
    EXPECT_TRUE(uv::run_until(loop_, done));
  }

  uv::Loop loop_;
  Router router_;
  Counters counters_;
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<TestClient>> clients_;
};

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  listen();
  TestClient& client = send(
      "POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 3\r\n\r\none"
      "POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 3\r\n\r\ntwo"
      "GET /ping HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n");
  run_until([&] { return client.ended; });
  EXPECT_LT(client.received.find("one"), client.received.find("two"));
  EXPECT_EQ(count(client.received, "HTTP/1.1 200 OK\r\n"), 3U);
  EXPECT_EQ(count(client.received, "Connection: close\r\n"), 1U);
  EXPECT_EQ(counters_.requests, 3U);
}

TEST_F(ServerTest, RefusesBodiesAndAnswersForWhichThereIsNoRoom) {
  MemoryBudget memory(200'000);
  listen({.memory = &memory});
  const std::string large(300'000, 'x');
  TestClient& client =
      send("POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 300000\r\n\r\n" + large);
  run_until([&] { return client.ended; });
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 503 ")) << client.received.substr(0, 40);
  TestClient& answer =
      send("GET /large HTTP/1.1\r\nHost: s\r\n\r\nGET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return count(answer.received, "HTTP/1.1 ") == 2; });
  EXPECT_TRUE(answer.received.starts_with("HTTP/1.1 503 "));
  EXPECT_NE(answer.received.find("HTTP/1.1 200 OK"), std::string::npos) << "small ones go on";
  EXPECT_EQ(counters_.memory_refused, 2U);
  TestClient& fits = send("POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 70000\r\n\r\n" +
                          large.substr(0, 70'000));
  run_until([&] { return fits.body().size() == 70'000; });
  clients_.clear();
  run_until([&] { return counters_.connections_open == 0; });
  EXPECT_EQ(memory.held(), 0U) << "all is given back";
}

TEST_F(ServerTest, TakesNoMemoryForABodyThatIsOnlyAnnounced) {
  MemoryBudget memory(200'000);
  listen({.memory = &memory});
  for (int i = 0; i < 20; ++i) {
    send("POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 1000000\r\n\r\n" +
         std::string(i == 0, 'x'));
  }
  run_until([&] { return counters_.bytes_received >= 20 * 48; });
  EXPECT_LT(memory.held(), 100'000U);
  server_.reset();  // Before the budget.
}

TEST_F(ServerTest, SendsNoBodyToHead) {
  listen();
  TestClient& client = send("HEAD /large HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n");
  run_until([&] { return client.ended; });
  EXPECT_EQ(count(client.received, "Content-Length: 1048576\r\n"), 1U);
  EXPECT_TRUE(client.received.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, HoldsBackAReaderThatDoesNotRead) {
  listen();
  std::string requests;
  for (int i = 0; i < 64; ++i) requests += "GET /large HTTP/1.1\r\nHost: s\r\n\r\n";
  TestClient& client =
      send(requests + "GET /ping HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n");
  run_until([&] { return !client.received.empty(); });
  client.stream.pause();
  const auto answered = [&] { return counters_.requests.load(); };
  for (std::uint64_t before = 0; before != answered();) {
    before = answered();
    uv_run(loop_.get(), UV_RUN_NOWAIT);
  }
  EXPECT_LT(answered(), 30U);
  client.stream.resume();
  run_until([&] { return client.ended; });
  EXPECT_EQ(answered(), 65U);
  EXPECT_EQ(count(client.received, "HTTP/1.1 200 OK\r\n"), 65U);
}

TEST_F(ServerTest, TellsTheClientToGoOn) {
  listen();
  TestClient& client =
      send("POST /echo HTTP/1.1\r\nHost: s\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  run_until([&] { return client.received == "HTTP/1.1 100 Continue\r\n\r\n"; });
  client.stream.write("late");
  run_until([&] { return client.received.ends_with("late"); });
}

TEST_F(ServerTest, AnswersARefusalBeforeItCloses) {
  listen();
  TestClient& client = send("POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 63000000\r\n\r\n" +
                            std::string(4 << 20U, 'x'));
  run_until([&] { return client.ended; });
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 413 ")) << client.received;
  EXPECT_EQ(counters_.responses_4xx, 1U);
}

TEST_F(ServerTest, CutsARequestThatTricklesIn) {
  listen({.request_timeout = 1s});
  TestClient& slow = send("GET /ping HTTP/1.1\r\nHost: s\r\nX: ");
  uv::Timer trickle(loop_, [&] { slow.stream.write("y"); });
  run_until([&] { return counters_.connections_open == 1; });
  trickle.start_repeating(200ms);
  run_until([&] { return slow.ended; });
  trickle.stop();
  EXPECT_TRUE(slow.received.starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(counters_.connections_timed_out, 1U);
}

TEST_F(ServerTest, TurnsAwayWhatExceedsItsConnections) {
  listen({.connections_max = 2});
  TestClient& first = send("");
  TestClient& second = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return !second.received.empty() && counters_.connections_open == 2; });
  TestClient& third = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return third.ended; });
  EXPECT_TRUE(third.received.starts_with("HTTP/1.1 503 "));
  EXPECT_FALSE(first.ended);
  EXPECT_EQ(counters_.connections_refused, 1U);
}

TEST_F(ServerTest, AnswersSparedPathsBeyondItsConnections) {
  listen({.connections_max = 1, .turned_away_max = 2, .spared_paths = {"/ping"}});
  send("");
  run_until([&] { return counters_.connections_open == 1; });
  TestClient& spared = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\nGET /ping");
  run_until([&] { return spared.ended; });
  EXPECT_TRUE(spared.received.starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(count(spared.received, "Connection: close\r\n"), 1U);
  spared.stream.reset();
  run_until([&] { return counters_.connections_open == 1; });
  TestClient& silent = send("");
  TestClient& body = send("POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 99999\r\n\r\n");
  run_until([&] { return body.ended; });
  EXPECT_TRUE(body.received.starts_with("HTTP/1.1 503 "));
  TestClient& surplus = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return surplus.ended; });
  EXPECT_EQ(surplus.received, "");
  run_until([&] { return silent.ended; });
  EXPECT_TRUE(silent.received.starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(counters_.connections_refused, 4U);
}

TEST_F(ServerTest, KeepsTheLastDescriptorsForTheRestOfTheProcess) {
  int shortages = 0;
  Server::Options options;
  options.spared_paths = {"/ping"};
  options.on_shortage = [&](std::string_view) { ++shortages; };
  const uv::TcpStream first_of_the_loop(loop_);  // With it libuv opens one of its own.
  const int unused = dup(0);
  close(unused);
  // The listener takes one, and a connection two: its client's and its own.
  options.descriptors_max = static_cast<std::size_t>(unused) + Server::kDescriptorsKept + 4;
  listen(options);
  TestClient& first = send("POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 0\r\n\r\n");
  run_until([&] { return !first.received.empty(); });
  EXPECT_TRUE(first.received.starts_with("HTTP/1.1 200 "));
  TestClient& refused = send("POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 0\r\n\r\n");
  TestClient& spared = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return refused.ended && spared.ended; });
  EXPECT_TRUE(refused.received.starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(spared.received.starts_with("HTTP/1.1 200 "));
  std::vector<int> taken;
  for (std::size_t i = 0; i < Server::kDescriptorsKept / 2; ++i) taken.push_back(dup(0));
  TestClient& closed = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return closed.ended; });
  for (const int descriptor : taken) close(descriptor);
  EXPECT_EQ(closed.received, "");
  EXPECT_EQ(counters_.connections_refused, 3U);
  EXPECT_EQ(shortages, 1);
}

TEST_F(ServerTest, DrainsIdleConnectionsAtOnceAndBusyOnesAfterTheirAnswer) {
  listen();
  TestClient& idle = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  TestClient& busy = send("POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 4\r\n\r\nab");
  run_until([&] { return !idle.received.empty() && counters_.connections_open == 2; });
  uv_run(loop_.get(), UV_RUN_NOWAIT);
  bool drained = false;
  server_->drain(60s, [&] { drained = true; });
  run_until([&] { return idle.ended; });
  EXPECT_FALSE(drained);
  busy.stream.write("cd");
  run_until([&] { return drained || busy.ended; });
  EXPECT_TRUE(busy.received.ends_with("abcd"));
  busy.stream.finish_writing();
  run_until([&] { return drained; });
}

TEST_F(ServerTest, CutsWhatOutlastsItsPatience) {
  listen();
  TestClient& stuck = send("POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 4\r\n\r\nab");
  run_until([&] { return counters_.connections_open == 1; });
  uv_run(loop_.get(), UV_RUN_NOWAIT);
  bool drained = false;
  server_->drain(50ms, [&] { drained = true; });
  run_until([&] { return drained && stuck.ended; });
}

}  // namespace
}  // namespace meshcheck::http
