// Clients that shut down their writing side and read on.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/testing/raw_client.h"
#include "lib/testing/tls_client.h"
#include "lib/testing/tls_server.h"

namespace meshcheck::http {
namespace {

using namespace std::chrono_literals;

class ServerHalfCloseTest : public TlsFixture {
 protected:
  ServerHalfCloseTest() {
    router_.add(Method::kGet, "/later", [this](const Request& request) {
      tickets_.push_back(request.ticket);
      return Response::answered_later();
    });
  }

  void listen_plain(const Server::Options& options = {}) {
    auto server =
        Server::listen(loop_, *Endpoint::parse("127.0.0.1:0"), router_, counters_, options);
    ASSERT_TRUE(server) << server.error().message();
    server_ = *std::move(server);
  }

  static std::string get(const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: s\r\n\r\n";
  }

  TestClient& send(std::string bytes) {
    clients_.push_back(std::make_unique<TestClient>(loop_, server_->local(), std::move(bytes)));
    return *clients_.back();
  }
  // And says that this is all.
  TestClient& send_and_finish(std::string bytes) {
    TestClient& client = send(std::move(bytes));
    run_until([&] { return counters_.connections_accepted == clients_.size(); });
    client.stream.finish_writing();
    return client;
  }

  std::vector<Ticket> tickets_;
  std::vector<std::unique_ptr<TestClient>> clients_;
};

TEST_F(ServerHalfCloseTest, GetsAllAnswersInOrderAndThenTheEnd) {
  listen_plain();
  std::string requests;
  for (int i = 0; i < 3; ++i) requests += get("/large") + get("/stream") + get("/who");
  TestClient& client = send_and_finish(requests);
  run_until([&] { return client.ended; });
  EXPECT_EQ(counters_.requests, 9U);
  EXPECT_GT(client.received.size(), 3 * (kPieces + 1) * kLargeSize);
  EXPECT_TRUE(client.received.ends_with("[]"));
  run_until([&] { return counters_.connections_open == 0; });
  EXPECT_EQ(counters_.connections_timed_out, 0U);
}

TEST_F(ServerHalfCloseTest, GetsAnAnswerThatComesLater) {
  listen_plain();
  TestClient& client = send_and_finish(get("/later") + get("/who"));
  run_until([&] { return tickets_.size() == 1; });
  for (int i = 0; i < 10; ++i) uv_run(loop_.get(), UV_RUN_NOWAIT);
  Response response;
  response.body = "at last";
  server_->answer(tickets_[0], std::move(response));
  run_until([&] { return client.ended; });
  EXPECT_NE(client.received.find("at last"), std::string::npos);
  EXPECT_TRUE(client.received.ends_with("[]"));
  run_until([&] { return counters_.connections_open == 0; });
}

TEST_F(ServerHalfCloseTest, EndsAtOnceWhereNothingIsAsked) {
  listen_plain();
  TestClient& silent = send_and_finish("");
  TestClient& half = send_and_finish("GET /who HTTP/1.1\r\nHo");
  run_until([&] { return silent.ended && half.ended; });
  EXPECT_EQ(half.received, "");
  EXPECT_EQ(counters_.connections_timed_out, 0U);
}

TEST_F(ServerHalfCloseTest, NoticesAClientThatIsGoneWhileItIsAnswered) {
  listen_plain();
  TestClient& client = send_and_finish(get("/stream"));
  run_until([&] { return !client.received.empty(); });
  client.stream.reset();
  run_until([&] { return counters_.connections_open == 0; });
  EXPECT_EQ(counters_.connections_timed_out, 0U);
}

TEST_F(ServerHalfCloseTest, HasNoMoreTimeToReadThanOthers) {
  listen_plain({.send_timeout = 1s});
  TestClient& client = send_and_finish(get("/stream"));
  run_until([&] { return !client.received.empty(); });
  client.stream.pause();
  run_until([&] { return counters_.connections_open == 0; });
  EXPECT_EQ(counters_.connections_timed_out, 1U);
}

TEST_F(ServerHalfCloseTest, GetsNoNewsThatItWouldHaveToWaitFor) {
  listen_plain();
  TestClient& client = send(get("/events"));
  run_until([&] { return counters_.waiting_open == 1; });
  client.stream.finish_writing();
  run_until([&] { return client.ended; });
  EXPECT_TRUE(client.received.ends_with("0\r\n\r\n"));
  EXPECT_EQ(counters_.waiting_open, 0U);
}

TEST_F(ServerHalfCloseTest, GetsAllAnswersUnderTlsToo) {
  listen();
  TlsTestClient client(loop_, server_->local(), get("/stream") + get("/later") + get("/who"));
  run_until([&] { return client.established; });
  client.say_end();
  client.stream.finish_writing();
  run_until([&] { return tickets_.size() == 1; });
  server_->answer(tickets_[0], Response());
  run_until([&] { return client.ended; });
  EXPECT_TRUE(client.received.ends_with("[]"));
  EXPECT_TRUE(client.notified);
  run_until([&] { return counters_.connections_open == 0; });
}

}  // namespace
}  // namespace meshcheck::http
