// Handlers that answer later.
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

class ServerLaterTest : public TlsFixture {
 protected:
  ServerLaterTest() {
    router_.add(Method::kGet, "/later", [this](const Request& request) {
      tickets_.push_back(request.ticket);
      return Response::answered_later();
    });
    router_.add(Method::kGet, "/now", [](const Request&) { return said("now"); });
  }

  static Response said(const std::string& text) {
    Response response;
    response.body = "[" + text + "]";
    return response;
  }
  static std::string request(const std::string& path, const std::string& method = "GET") {
    return method + " " + path + " HTTP/1.1\r\nHost: s\r\n\r\n";
  }
  void listen_plain(const Server::Options& options = {}) {
    auto server =
        Server::listen(loop_, *Endpoint::parse("127.0.0.1:0"), router_, counters_, options);
    ASSERT_TRUE(server) << server.error().message();
    server_ = *std::move(server);
  }
  TestClient& send(std::string bytes) {
    clients_.push_back(std::make_unique<TestClient>(loop_, server_->local(), std::move(bytes)));
    return *clients_.back();
  }
  void wait_for_tickets(std::size_t count) {
    run_until([&] { return tickets_.size() == count; });
  }

  std::vector<Ticket> tickets_;
  std::vector<std::unique_ptr<TestClient>> clients_;
};

TEST_F(ServerLaterTest, KeepsTheOrderOfItsAnswers) {
  listen_plain();
  TestClient& client = send(request("/now") + request("/later") + request("/now"));
  wait_for_tickets(1);
  run_until([&] { return client.received.ends_with("[now]"); });
  EXPECT_EQ(counters_.parked_open, 1U);
  server_->answer(tickets_[0], said("done"));
  run_until([&] { return client.received.ends_with("[now]") && counters_.requests == 3; });
  EXPECT_LT(client.received.find("[done]"), client.received.rfind("[now]"));
  EXPECT_EQ(counters_.parked_open, 0U);
}

TEST_F(ServerLaterTest, AnswersManyInAnyOrder) {
  listen_plain();
  for (int i = 0; i < 20; ++i) send(request("/later"));
  wait_for_tickets(20);
  for (auto ticket = tickets_.rbegin(); ticket != tickets_.rend(); ++ticket) {
    server_->answer(*ticket, said("done"));
  }
  for (const auto& client : clients_) {
    run_until([&] { return client->received.ends_with("[done]"); });
  }
}

TEST_F(ServerLaterTest, AnswersOnceAndNobodyItDoesNotKnow) {
  listen_plain();
  TestClient& client = send(request("/later"));
  wait_for_tickets(1);
  server_->answer(tickets_[0] + 1, said("nobody"));
  server_->decide(tickets_[0], {.refusal = Response::error(401, "Who?"), .principal = {}});
  server_->answer(tickets_[0], said("once"));
  server_->answer(tickets_[0], said("twice"));
  run_until([&] { return client.received.ends_with("[once]"); });
  EXPECT_EQ(counters_.responses_4xx, 0U);
}

TEST_F(ServerLaterTest, AnswersHeadWithoutABody) {
  listen_plain();
  TestClient& client = send(request("/later", "HEAD") + request("/now"));
  wait_for_tickets(1);
  server_->answer(tickets_[0], said("done"));
  run_until([&] { return client.received.ends_with("[now]"); });
  EXPECT_EQ(client.received.find("[done]"), std::string::npos);
}

TEST_F(ServerLaterTest, SendsALargeAnswerAndThenTheNext) {
  listen_plain();
  TestClient& client = send(request("/later") + request("/now"));
  wait_for_tickets(1);
  server_->answer(tickets_[0], said(std::string(3'000'000, 'x')));
  run_until([&] { return client.received.ends_with("[now]"); });
  EXPECT_GT(client.received.size(), 3'000'000U);
}

TEST_F(ServerLaterTest, RefusesWhatWouldWaitBeyondItsBound) {
  Server::Options options;
  options.parked_max = 1;
  listen_plain(options);
  send(request("/later"));
  wait_for_tickets(1);
  TestClient& second = send(request("/later") + request("/now"));
  run_until([&] { return second.received.ends_with("[now]"); });
  EXPECT_TRUE(second.received.starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(counters_.parked_refused, 1U);
}

TEST_F(ServerLaterTest, AnswersWhoHasWaitedTooLong) {
  Server::Options options;
  options.gate_timeout = 1s;
  listen_plain(options);
  TestClient& client = send(request("/later") + request("/now"));
  run_until([&] { return client.received.ends_with("[now]"); });
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(counters_.parked_timed_out, 1U);
  server_->answer(tickets_[0], said("late"));
  EXPECT_EQ(client.received.find("[late]"), std::string::npos);
}

TEST_F(ServerLaterTest, ForgetsAClientThatIsGone) {
  listen_plain();
  TestClient& resets = send(request("/later"));
  wait_for_tickets(1);
  resets.stream.reset();
  run_until([&] { return counters_.connections_open == 0; });
  EXPECT_EQ(counters_.parked_open, 0U);
  for (const Ticket ticket : tickets_) server_->answer(ticket, said("gone"));
}

TEST_F(ServerLaterTest, EndsTheWaitWhenItDrains) {
  listen_plain();
  TestClient& client = send(request("/later") + request("/now"));
  wait_for_tickets(1);
  bool drained = false;
  server_->drain(60s, [&] { drained = true; });
  run_until([&] { return client.ended; });
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 503 "));
  client.stream.finish_writing();
  run_until([&] { return drained; });
}

TEST_F(ServerLaterTest, RefusesToWaitOnceItDrains) {
  listen_plain();
  TestClient& client = send("GET /later HTTP/1.1\r\nHost: s\r\n");
  run_until([&] { return counters_.bytes_received > 0; });
  bool drained = false;
  server_->drain(60s, [&] { drained = true; });
  client.stream.write("\r\n");
  run_until([&] { return client.ended; });
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 503 "));
  client.stream.finish_writing();
  run_until([&] { return drained; });
}

TEST_F(ServerLaterTest, MayWaitForAdmissionBefore) {
  Server::Options options;
  Ticket asked = 0;
  options.gate = [&](const Request&, Ticket ticket) {
    asked = ticket;
    return std::optional<Admission>();
  };
  listen_plain(options);
  TestClient& client = send(request("/later"));
  run_until([&] { return asked != 0; });
  server_->answer(asked, said("too soon"));
  server_->decide(asked, {.refusal = std::nullopt, .principal = "ann"});
  wait_for_tickets(1);
  EXPECT_EQ(tickets_[0], asked);
  server_->answer(asked, said("done"));
  run_until([&] { return client.received.ends_with("[done]"); });
}

TEST_F(ServerLaterTest, AnswersUnderTlsToo) {
  listen(TlsContext::Clients::kMayIdentify, {});
  TlsTestClient client(loop_, server_->local(), request("/later") + request("/now"));
  wait_for_tickets(1);
  server_->answer(tickets_[0], said("done"));
  run_until([&] { return client.received.ends_with("[now]"); });
  EXPECT_NE(client.received.find("[done]"), std::string::npos);
}

}  // namespace
}  // namespace meshcheck::http
