// Answers that are made piece by piece.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "lib/http/server.h"
#include "lib/testing/loop.h"
#include "lib/testing/raw_client.h"

namespace meshcheck::http {
namespace {

using namespace std::chrono_literals;

class ServerStreamTest : public testing::Test {
 protected:
  ServerStreamTest() {
    router_.add(Method::kGet, "/ping", [](const Request&) { return Response(); });
    router_.add(Method::kGet, "/words", [](const Request&) {
      Response response;
      // An empty piece in the middle and none at the end.
      response.source = [count = 0](std::string& piece) mutable {
        if (count != 1) piece = "word" + std::to_string(count);
        return ++count < 3 ? BodyStep::kMore : BodyStep::kEnd;
      };
      return response;
    });
    router_.add(Method::kGet, "/large", [this](const Request&) {
      Response response;
      response.source = [this, left = kLargePieces](std::string& piece) mutable {
        ++pieces_;
        piece.assign(kPieceSize, 'x');
        return --left > 0 ? BodyStep::kMore : BodyStep::kEnd;
      };
      return response;
    });
    router_.add(Method::kGet, "/body",
                [](const Request&) { return Response::json(std::string(kBodySize, 'x')); });
    listen({.memory = &memory_});
  }

  void listen(const Server::Options& options) {
    auto server =
        Server::listen(loop_, *Endpoint::parse("127.0.0.1:0"), router_, counters_, options);
    EXPECT_TRUE(server) << server.error().message();
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

  static constexpr int kLargePieces = 1000;
  static constexpr std::size_t kPieceSize = 64 * 1024;
  static constexpr std::size_t kBodySize = 40'000'000;
  uv::Loop loop_;
  Router router_;
  Counters counters_;
  MemoryBudget memory_{std::size_t{128} << 20U};
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<TestClient>> clients_;
  int pieces_ = 0;
};

TEST_F(ServerStreamTest, SendsPiecesAsChunksAndGoesOnWithTheNextRequest) {
  TestClient& client = send(
      "GET /words HTTP/1.1\r\nHost: s\r\n\r\nGET /words HTTP/1.1\r\nHost: s\r\n\r\n"
      "GET /ping HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n");
  run_until([&] { return client.ended; });
  EXPECT_NE(client.received.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(client.received.substr(0, client.received.find("\r\n\r\n")).find("Content-Length"),
            std::string::npos);
  EXPECT_TRUE(client.body().starts_with("5\r\nword0\r\n5\r\nword2\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"))
      << client.body();
  EXPECT_EQ(counters_.requests, 3U);
}

TEST_F(ServerStreamTest, EndsTheConnectionWhereTheClientKnowsNoChunks) {
  TestClient& client = send("GET /words HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  run_until([&] { return client.ended; });
  EXPECT_EQ(client.received.find("Transfer-Encoding"), std::string::npos);
  EXPECT_NE(client.received.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(client.body(), "word0word2");
}

TEST_F(ServerStreamTest, SendsNoPiecesToHead) {
  TestClient& client = send(
      "HEAD /large HTTP/1.1\r\nHost: s\r\n\r\n"
      "HEAD /large HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n");
  run_until([&] { return client.ended; });
  EXPECT_TRUE(client.received.ends_with("\r\n\r\n"));
  EXPECT_TRUE(client.body().starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(pieces_, 0);
}

TEST_F(ServerStreamTest, MakesNoMoreThanItsReaderReads) {
  TestClient& client = send("GET /large HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n");
  run_until([&] { return !client.received.empty(); });
  client.stream.pause();
  for (int before = -1; before != pieces_;) {
    before = pieces_;
    for (int turn = 0; turn < 10; ++turn) uv_run(loop_.get(), UV_RUN_NOWAIT);
  }
  EXPECT_LT(pieces_, kLargePieces / 2);
  client.stream.resume();
  run_until([&] { return client.ended; });
  EXPECT_EQ(pieces_, kLargePieces);
  EXPECT_TRUE(client.received.ends_with("x\r\n0\r\n\r\n"));
}

TEST_F(ServerStreamTest, HoldsALargeBodyOnce) {
  TestClient& client =
      send("GET /body HTTP/1.1\r\nHost: s\r\n\r\nGET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return !client.received.empty(); });
  client.stream.pause();
  for (int turn = 0; turn < 10; ++turn) uv_run(loop_.get(), UV_RUN_NOWAIT);
  EXPECT_GE(memory_.held(), kBodySize);
  EXPECT_LT(memory_.held(), kBodySize + 3 * kPieceSize);
  client.stream.resume();
  run_until([&] { return counters_.requests == 2; });
  run_until([&] { return client.received.size() > kBodySize + 100; });
  EXPECT_NE(client.received.find("Content-Length: 40000000\r\n"), std::string::npos);
  EXPECT_EQ(client.received.find("Transfer-Encoding"), std::string::npos);
  EXPECT_LT(memory_.held(), kPieceSize);
}

TEST_F(ServerStreamTest, LetsOthersHaveTheirTurn) {
  TestClient& large = send("GET /large HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return !large.received.empty(); });
  TestClient& small = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return !small.received.empty(); });
  EXPECT_LT(pieces_, kLargePieces);
}

TEST_F(ServerStreamTest, CutsAReaderThatDoesNotRead) {
  listen({.send_timeout = 1s});
  TestClient& client = send("GET /large HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return !client.received.empty(); });
  client.stream.pause();
  run_until([&] { return counters_.connections_timed_out == 1; });
  EXPECT_LT(pieces_, kLargePieces);
}

TEST_F(ServerStreamTest, StopsForAReaderThatGoesAway) {
  std::signal(SIGPIPE, SIG_IGN);
  TestClient& client = send("GET /large HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return !client.received.empty(); });
  clients_.clear();
  run_until([&] { return counters_.connections_open == 0; });
  EXPECT_LT(pieces_, kLargePieces);
}

TEST_F(ServerStreamTest, FinishesAnAnswerWhenItDrains) {
  TestClient& client = send("GET /large HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return !client.received.empty(); });
  bool drained = false;
  server_->drain(60s, [&] { drained = true; });
  run_until([&] { return client.ended; });
  EXPECT_EQ(pieces_, kLargePieces);
  client.stream.finish_writing();
  run_until([&] { return drained; });
}

}  // namespace
}  // namespace meshcheck::http
