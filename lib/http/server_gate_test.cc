// Who is let through to the router, at once and later.
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

// Lets in who says a name, refuses who says none, and parks who says "later".
class ServerGateTest : public TlsFixture {
 protected:
  ServerGateTest() {
    router_.add(Method::kGet, "/me", [this](const Request& request) {
      ++handled_;
      Response response;
      response.body = "[" + request.principal + "]";
      return response;
    });
    router_.add(Method::kPost, "/body", [](const Request& request) {
      Response response;
      response.body = request.principal + " " + request.body;
      return response;
    });
  }

  Server::Options guarded(std::size_t parked_max = 100, std::chrono::seconds timeout = 20s) {
    Server::Options options;
    options.parked_max = parked_max;
    options.gate_timeout = timeout;
    options.gate = [this](const Request& request, Ticket ticket) -> std::optional<Admission> {
      const std::string name(request.header("Name"));
      verified_ = request.client_verified;
      if (name.empty()) return refused();
      if (name != "later") return let_in(name);
      tickets_.push_back(ticket);
      return std::nullopt;
    };
    return options;
  }
  static Admission refused() { return {.refusal = Response::error(401, "Who?"), .principal = {}}; }
  static Admission let_in(const std::string& name) {
    return {.refusal = std::nullopt, .principal = name};
  }
  void listen_plain(const Server::Options& options) {
    auto server =
        Server::listen(loop_, *Endpoint::parse("127.0.0.1:0"), router_, counters_, options);
    ASSERT_TRUE(server) << server.error().message();
    server_ = *std::move(server);
  }

  static std::string request(const std::string& name, const std::string& path = "/me",
                             const std::string& method = "GET") {
    return method + " " + path + " HTTP/1.1\r\nHost: s\r\n" +
           (name.empty() ? "" : "Name: " + name + "\r\n") + "\r\n";
  }
  TestClient& send(std::string bytes) {
    clients_.push_back(std::make_unique<TestClient>(loop_, server_->local(), std::move(bytes)));
    return *clients_.back();
  }
  void turn(int turns = 10) {
    for (int i = 0; i < turns; ++i) uv_run(loop_.get(), UV_RUN_NOWAIT);
  }

  std::vector<Ticket> tickets_;
  std::vector<std::unique_ptr<TestClient>> clients_;
  int handled_ = 0;
  bool verified_ = false;
};

TEST_F(ServerGateTest, TellsTheHandlerWhoItLetIn) {
  listen_plain(guarded());
  TestClient& client = send(request("ann") + request("bob"));
  run_until([&] { return client.received.ends_with("[bob]"); });
  EXPECT_NE(client.received.find("[ann]"), std::string::npos);
  EXPECT_EQ(counters_.requests, 2U);
}

TEST_F(ServerGateTest, AnswersWhomItRefusesAndTakesTheNextRequest) {
  listen_plain(guarded());
  TestClient& client = send(request("") + request("", "/me", "HEAD") + request("ann"));
  run_until([&] { return client.received.ends_with("[ann]"); });
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 401 Unauthorized\r\n"));
  EXPECT_EQ(client.received.find("Who?"), client.received.rfind("Who?")) << "HEAD has no body";
  EXPECT_EQ(handled_, 1);
  EXPECT_EQ(counters_.responses_4xx, 2U);
}

TEST_F(ServerGateTest, KeepsTheOrderBehindARequestThatWaits) {
  listen_plain(guarded());
  TestClient& client = send(request("ann") + request("later") + request("bob"));
  run_until([&] { return tickets_.size() == 1 && client.received.ends_with("[ann]"); });
  client.stream.write(request("later"));
  turn();
  EXPECT_EQ(handled_, 1);
  server_->decide(tickets_[0], let_in("eve"));
  run_until([&] { return tickets_.size() == 2; });
  run_until([&] { return client.received.ends_with("[bob]"); });
  EXPECT_LT(client.received.find("[eve]"), client.received.find("[bob]"));
  server_->decide(tickets_[1], refused());
  run_until([&] { return client.received.ends_with("Who?\n"); });
  EXPECT_EQ(counters_.parked_open, 0U);
}

TEST_F(ServerGateTest, SendsALargeAnswerAfterTheWaitAndThenTheNext) {
  listen_plain(guarded());
  TestClient& client = send(request("later", "/stream") + request("ann"));
  run_until([&] { return tickets_.size() == 1; });
  server_->decide(tickets_[0], let_in("eve"));
  run_until([&] { return client.received.ends_with("[ann]"); });
  EXPECT_GT(client.received.size(), kPieces * kLargeSize);
}

TEST_F(ServerGateTest, RefusesWhatWouldWaitBeyondItsBound) {
  listen_plain(guarded(1));
  send(request("later"));
  run_until([&] { return tickets_.size() == 1; });
  TestClient& second = send(request("later") + request("ann"));
  run_until([&] { return second.received.ends_with("[ann]"); });
  EXPECT_TRUE(second.received.starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(counters_.parked_refused, 1U);
  server_->decide(tickets_[1], let_in("eve"));
  EXPECT_EQ(counters_.parked_open, 1U);
}

TEST_F(ServerGateTest, AnswersWhoHasWaitedTooLong) {
  listen_plain(guarded(100, 1s));
  TestClient& client = send(request("later") + request("ann"));
  run_until([&] { return client.received.ends_with("[ann]"); });
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(counters_.parked_timed_out, 1U);
  EXPECT_EQ(counters_.connections_timed_out, 0U);
  server_->decide(tickets_[0], let_in("eve"));
  EXPECT_EQ(handled_, 1);
}

TEST_F(ServerGateTest, ForgetsAClientThatIsGone) {
  listen_plain(guarded());
  TestClient& resets = send(request("later"));
  run_until([&] { return tickets_.size() == 1; });
  resets.stream.reset();
  run_until([&] { return counters_.connections_open == 0; });
  EXPECT_EQ(counters_.parked_open, 0U);
  for (const Ticket ticket : tickets_) server_->decide(ticket, let_in("eve"));
  EXPECT_EQ(handled_, 0);
}

TEST_F(ServerGateTest, EndsTheWaitWhenItDrains) {
  listen_plain(guarded());
  TestClient& client = send(request("later") + request("ann"));
  run_until([&] { return tickets_.size() == 1; });
  bool drained = false;
  server_->drain(60s, [&] { drained = true; });
  run_until([&] { return client.ended; });
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(handled_, 0);
  client.stream.finish_writing();
  run_until([&] { return drained; });
}

std::string post(const std::string& name, const std::string& rest) {
  return "POST /body HTTP/1.1\r\nHost: s\r\nName: " + name + "\r\n" + rest;
}

TEST_F(ServerGateTest, ReadsASmallBodyAndGoesOnAfterARefusal) {
  listen_plain(guarded());
  TestClient& client = send(post("", "Content-Length: 5\r\n\r\nabcde") + request("ann"));
  run_until([&] { return client.received.ends_with("[ann]"); });
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 401 Unauthorized\r\n"));
}

TEST_F(ServerGateTest, RefusesBeforeAnyOfALargeBodyIsRead) {
  listen_plain(guarded());
  TestClient& client = send(post("", "Content-Length: 1000000\r\n\r\n"));
  run_until([&] { return client.ended; });
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 401 Unauthorized\r\n"));
  EXPECT_NE(client.received.find("Connection: close\r\n"), std::string::npos);
  TestClient& careful = send(post("", "Content-Length: 50000\r\nExpect: 100-continue\r\n\r\n"));
  run_until([&] { return careful.ended; });
  EXPECT_TRUE(careful.received.starts_with("HTTP/1.1 401 Unauthorized\r\n"));
}

TEST_F(ServerGateTest, ReadsALargeBodyOnceTheRequestIsLetIn) {
  listen_plain(guarded());
  TestClient& client =
      send(post("later", "Content-Length: 50000\r\nExpect: 100-continue\r\n\r\nab"));
  run_until([&] { return tickets_.size() == 1; });
  turn();
  EXPECT_EQ(client.received, "");
  server_->decide(tickets_[0], let_in("eve"));
  run_until([&] { return client.received == "HTTP/1.1 100 Continue\r\n\r\n"; });
  client.stream.write(std::string(49'998, 'c') + request("ann"));
  run_until([&] { return client.received.ends_with("[ann]"); });
  EXPECT_NE(client.received.find("eve abccc"), std::string::npos);
  EXPECT_EQ(tickets_.size(), 1U) << "the gate is asked once";
  TestClient& refused = send(post("later", "Content-Length: 50000\r\n\r\nab"));
  run_until([&] { return tickets_.size() == 2; });
  server_->decide(tickets_[1], ServerGateTest::refused());
  run_until([&] { return refused.ended; });
  EXPECT_TRUE(refused.received.starts_with("HTTP/1.1 401 "));
}

TEST_F(ServerGateTest, ParksARequestUnderTlsToo) {
  listen(TlsContext::Clients::kMayIdentify, guarded());
  TlsTestClient client(loop_, server_->local(), request("later") + request("ann"));
  run_until([&] { return tickets_.size() == 1; });
  EXPECT_FALSE(verified_);
  server_->decide(tickets_[0], let_in("eve"));
  run_until([&] { return client.received.ends_with("[ann]"); });
  EXPECT_NE(client.received.find("[eve]"), std::string::npos);
}

TEST_F(ServerGateTest, KnowsWhoShowedAGoodCertificate) {
  listen(TlsContext::Clients::kMayIdentify, guarded());
  const TestIdentity identity = client_authority_.issue("me");
  const std::string certificate = files_.write("client.crt", identity.certificate);
  const std::string key = files_.write("client.key", identity.key);
  TlsTestClient client(loop_, server_->local(), request("ann"), [&](SSL* session) {
    EXPECT_EQ(SSL_use_certificate_file(session, certificate.c_str(), SSL_FILETYPE_PEM), 1);
    EXPECT_EQ(SSL_use_PrivateKey_file(session, key.c_str(), SSL_FILETYPE_PEM), 1);
  });
  run_until([&] { return client.received.ends_with("[ann]"); });
  EXPECT_TRUE(verified_);
}

}  // namespace
}  // namespace meshcheck::http
