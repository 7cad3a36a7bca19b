// The server behind TLS, and clients that are not decent.
#include <algorithm>

#include "lib/testing/tls_client.h"
#include "lib/testing/tls_server.h"

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

// A client that does not even speak TLS, or only its beginning.
struct PlainClient {
  PlainClient(uv::Loop& loop, const Endpoint& server, std::string to_send) : stream(loop) {
    EXPECT_TRUE(stream.connect(server, [this, to_send](const Result<void>& result) {
      EXPECT_TRUE(result);
      stream.start({.on_data = [](std::string_view) {},
                    .on_end = [this](const std::optional<Error>&) { ended = true; },
                    .on_drained = {}});
      stream.write(to_send);
    }));
  }
  uv::TcpStream stream;
  bool ended = false;
};

class TlsStreamTest : public TlsFixture {
 protected:
  TlsTestClient& send(std::string bytes, const std::function<void(SSL*)>& prepare = {}) {
    client_ = std::make_unique<TlsTestClient>(loop_, server_->local(), std::move(bytes), prepare);
    return *client_;
  }
  void turn(int times) {
    for (int i = 0; i < times; ++i) uv_run(loop_.get(), UV_RUN_NOWAIT);
  }

  std::unique_ptr<TlsTestClient> client_;
};

TEST_F(TlsStreamTest, AnswersPipelinedRequestsInOrderAndSaysThatNothingFollows) {
  listen();
  TlsTestClient& client = send(
      "POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 3\r\n\r\none"
      "POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 3\r\n\r\ntwo"
      "GET /who HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n");
  run_until([&] { return client.ended; });
  EXPECT_LT(client.received.find("one"), client.received.find("two"));
  EXPECT_TRUE(client.received.ends_with("[]"));
  EXPECT_TRUE(client.notified);
  EXPECT_FALSE(client.failed);
  client.say_end();
  run_until([&] { return counters_.connections_open == 0; });
  EXPECT_EQ(counters_.handshakes_failed, 0U);
}

TEST_F(TlsStreamTest, HoldsBackAReaderThatDoesNotReadAndLosesNothing) {
  listen();
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += "POST /echo HTTP/1.1\r\nHost: s\r\nContent-Length: 1000\r\n\r\n" +
                std::string(1000, 'e') + "GET /large HTTP/1.1\r\nHost: s\r\n\r\n";
  }
  TlsTestClient& client =
      send(requests + "GET /ping HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n");
  run_until([&] { return !client.received.empty(); });
  client.stream.pause();
  const auto answered = [&] { return counters_.requests.load(); };
  for (std::uint64_t before = 0; before != answered();) {
    before = answered();
    turn(10);
  }
  EXPECT_LT(answered(), 200U) << "the kernel took it all";
  client.stream.resume();
  run_until([&] { return client.ended; });
  EXPECT_EQ(answered(), 201U);
  EXPECT_EQ(count(client.received, "HTTP/1.1 200 OK\r\n"), 201U);
  EXPECT_EQ(std::count(client.received.begin(), client.received.end(), '#'), 100 * kLargeSize);
}

TEST_F(TlsStreamTest, AnswersWhatCameBeforeTheClientsEnd) {
  listen();
  TlsTestClient& client =
      send("GET /stream HTTP/1.1\r\nHost: s\r\n\r\nGET /who HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return client.established; });
  client.stream.pause();
  client.say_end();
  turn(10);
  client.stream.resume();
  run_until([&] { return client.ended; });
  EXPECT_TRUE(client.received.ends_with("[]"));
  EXPECT_EQ(counters_.connections_open, 0U);
}

TEST_F(TlsStreamTest, StreamsNoMoreThanItsReaderReads) {
  listen();
  TlsTestClient& client = send("GET /stream HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n");
  run_until([&] { return !client.received.empty(); });
  client.stream.pause();
  for (int before = -1; before != pieces_;) {
    before = pieces_;
    turn(10);
  }
  EXPECT_LT(pieces_, kPieces) << "the kernel took it all";
  client.stream.resume();
  run_until([&] { return client.ended; });
  EXPECT_EQ(pieces_, kPieces);
  EXPECT_TRUE(client.received.ends_with("\r\n0\r\n\r\n"));
}

TEST_F(TlsStreamTest, WakesAnswersThatWaitAndSeesTheirClientsLeave) {
  listen();
  TlsTestClient& client = send("GET /events HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return counters_.waiting_open == 1 && !client.received.empty(); });
  news_ = "news";
  server_->wake();
  run_until([&] { return client.body() == "4\r\nnews\r\n"; });
  client.say_end();
  run_until([&] { return counters_.connections_open == 0; });
  EXPECT_EQ(counters_.waiting_open, 0U);
}

TEST_F(TlsStreamTest, EndsAConversationThatIsNoTls) {
  listen();
  PlainClient client(loop_, server_->local(), "GET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return client.ended; });
  EXPECT_EQ(counters_.handshakes_failed, 1U);
  EXPECT_EQ(counters_.requests, 0U);
  client.stream.finish_writing();
  run_until([&] { return counters_.connections_open == 0; });
}

TEST_F(TlsStreamTest, EndsAFailedHandshakeWhoseClientStays) {
  listen(TlsContext::Clients::kAnonymous, {.request_timeout = 1s});
  PlainClient client(loop_, server_->local(), std::string(1 << 20U, 'x'));
  run_until([&] { return counters_.connections_open == 1; });
  run_until([&] { return counters_.connections_open == 0; });
  EXPECT_EQ(counters_.handshakes_failed, 1U);
}

TEST_F(TlsStreamTest, EndsAHandshakeThatGoesSilent) {
  listen(TlsContext::Clients::kAnonymous, {.idle_timeout = 60s, .request_timeout = 1s});
  // The beginning of a record with a hello of 512 bytes.
  PlainClient half(loop_, server_->local(), std::string("\x16\x03\x01\x02\x00\x01\x00", 7));
  PlainClient silent(loop_, server_->local(), "");
  run_until([&] { return half.ended && silent.ended; });
  EXPECT_EQ(counters_.connections_timed_out, 2U);
  EXPECT_EQ(counters_.handshakes_failed, 0U);
}

TEST_F(TlsStreamTest, EndsWhenTheClientLeavesInItsHandshake) {
  listen();
  PlainClient client(loop_, server_->local(), std::string("\x16\x03\x01\x02\x00\x01\x00", 7));
  run_until([&] { return counters_.connections_open == 1; });
  turn(3);
  client.stream.reset();
  run_until([&] { return counters_.connections_open == 0; });
  EXPECT_EQ(counters_.handshakes_failed, 0U);
}

TEST_F(TlsStreamTest, EndsAConversationThatStopsBeingTls) {
  listen();
  TlsTestClient& client = send("GET /events HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return counters_.waiting_open == 1; });
  client.stream.write("this is not a record");
  run_until([&] { return counters_.connections_open == 0; });
}

TEST_F(TlsStreamTest, RefusesOldVersionsAndOtherProtocols) {
  listen();
  TlsTestClient& old = send("", [](SSL* session) {
    SSL_set_security_level(session, 0);
    SSL_set_min_proto_version(session, TLS1_VERSION);
    SSL_set_max_proto_version(session, TLS1_1_VERSION);
  });
  run_until([&] { return old.ended; });
  EXPECT_TRUE(old.failed);
  TlsTestClient& other = send("", [](SSL* session) {
    SSL_set_alpn_protos(session, reinterpret_cast<const unsigned char*>("\x02h2"), 3);
  });
  run_until([&] { return other.ended; });
  EXPECT_TRUE(other.failed);
  TlsTestClient& both = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n", [](SSL* session) {
    SSL_set_alpn_protos(session, reinterpret_cast<const unsigned char*>("\x02h2\x08http/1.1"), 12);
  });
  run_until([&] { return both.received.starts_with("HTTP/1.1 200 OK\r\n"); });
  EXPECT_EQ(counters_.handshakes_failed, 2U);
}

TEST_F(TlsStreamTest, ServesTls12AndDoesNotRenegotiate) {
  listen();
  TlsTestClient& client = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n", [](SSL* session) {
    SSL_set_max_proto_version(session, TLS1_2_VERSION);
  });
  run_until([&] { return !client.received.empty(); });
  EXPECT_STREQ(SSL_get_version(client.session()), "TLSv1.2");
  EXPECT_EQ(SSL_renegotiate(client.session()), 1);
  SSL_do_handshake(client.session());
  client.flush();
  run_until([&] { return client.failed || client.ended; });
  EXPECT_EQ(counters_.requests, 1U);
}

TEST_F(TlsStreamTest, EndsAClientThatAsksForKeysWithoutEnd) {
  listen();
  TlsTestClient& client = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return !client.received.empty(); });
  client.stream.pause();
  for (int i = 0; i < 10'000 && counters_.connections_open == 1; ++i) {
    ASSERT_EQ(SSL_key_update(client.session(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(client.session()), 1);
    client.flush();
    if (i % 100 == 0) turn(3);
  }
  run_until([&] { return counters_.connections_open == 0; });
}

TEST_F(TlsStreamTest, ResumesSessionsOfClientsThatAreAnonymousOnly) {
  for (const auto clients : {TlsContext::Clients::kAnonymous, TlsContext::Clients::kMayIdentify}) {
    listen(clients);
    TlsTestClient& first = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
    run_until([&] { return !first.received.empty(); });
    SSL_SESSION* const session = SSL_get1_session(first.session());
    first.say_end();
    run_until([&] { return counters_.connections_open == 0; });
    TlsTestClient& second = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n",
                                 [&](SSL* next) { SSL_set_session(next, session); });
    run_until([&] { return !second.received.empty(); });
    EXPECT_EQ(SSL_session_reused(second.session()) == 1,
              clients == TlsContext::Clients::kAnonymous);
    SSL_SESSION_free(session);
    client_.reset();
    run_until([&] { return counters_.connections_open == 0; });
  }
}

TEST_F(TlsStreamTest, TurnsAwayWhatExceedsItsConnections) {
  listen(TlsContext::Clients::kAnonymous, {.connections_max = 1});
  TlsTestClient& first = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return !first.received.empty(); });
  PlainClient second(loop_, server_->local(), "");
  run_until([&] { return second.ended; });
  EXPECT_EQ(counters_.connections_refused, 1U);
  EXPECT_FALSE(first.ended);
}

TEST_F(TlsStreamTest, Drains) {
  listen();
  TlsTestClient& idle = send("GET /ping HTTP/1.1\r\nHost: s\r\n\r\n");
  run_until([&] { return !idle.received.empty(); });
  PlainClient silent(loop_, server_->local(), "");
  run_until([&] { return counters_.connections_open == 2; });
  bool drained = false;
  server_->drain(60s, [&] { drained = true; });
  run_until([&] { return drained && idle.ended && silent.ended; });
}

}  // namespace
}  // namespace meshcheck::http
