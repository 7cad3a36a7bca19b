// Our client and our server with TLS between them.
#include <optional>
#include <thread>

#include "lib/http/client.h"
#include "lib/testing/tls_server.h"
#include "lib/uv/mailbox.h"

namespace meshcheck::http {
namespace {

using namespace std::chrono_literals;
using Clients = TlsContext::Clients;

class TlsClientTest : public TlsFixture {
 protected:
  ClientRequest request(const std::string& path) {
    ClientRequest request;
    request.url = "https://" + server_->local().text() + path;
    request.ca = authority_.certificate();
    return request;
  }
  Outcome fetch(ClientRequest request) {
    std::optional<Outcome> result;
    const Call call =
        client_.start(std::move(request), [&](Outcome outcome) { result = std::move(outcome); });
    run_until([&] { return result.has_value(); });
    return result ? *std::move(result) : Outcome{};
  }
  Outcome who(const TestIdentity& identity) {
    ClientRequest with = request("/who");
    with.certificate = identity.certificate;
    with.key = identity.key;
    return fetch(std::move(with));
  }

  Client client_{loop_, {}};
};

TEST_F(TlsClientTest, FetchesAnAnswerFromWhomItTrusts) {
  listen();
  const Outcome outcome = fetch(request("/who"));
  EXPECT_FALSE(outcome.error) << outcome.error->message();
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.body, "[]");
  EXPECT_GT(outcome.phases.tls.count(), 0);
}

TEST_F(TlsClientTest, TakesItsRootsFromAFileToo) {
  listen();
  ClientRequest with = request("/ping");
  with.ca.clear();
  with.ca_file = files_.write("root.crt", authority_.certificate());
  EXPECT_EQ(fetch(std::move(with)).status, 200);
}

TEST_F(TlsClientTest, DoesNotTalkToWhomItDoesNotTrust) {
  listen();
  ClientRequest with = request("/ping");
  with.ca = client_authority_.certificate();
  const Outcome outcome = fetch(with);
  ASSERT_TRUE(outcome.error);
  EXPECT_NE(outcome.error->message().find("certificate"), std::string::npos);
  EXPECT_FALSE(outcome.connected);
  with.verify = false;
  EXPECT_EQ(fetch(with).status, 200);
  EXPECT_EQ(counters_.requests, 1U);
  EXPECT_EQ(counters_.handshakes_failed, 1U);
}

TEST_F(TlsClientTest, UploadsAndStreamsWhatIsLarge) {
  listen();
  ClientRequest upload = request("/echo");
  upload.method = "POST";
  upload.body.assign(1'000'000, 'u');
  EXPECT_EQ(fetch(upload).body, upload.body);
  std::size_t received = 0;
  ClientRequest stream = request("/stream");
  stream.on_body = [&](std::string_view bytes) { received += bytes.size(); };
  EXPECT_FALSE(fetch(stream).error);
  EXPECT_EQ(received, kPieces * kLargeSize);
}

TEST_F(TlsClientTest, KeepsItsConnection) {
  listen();
  ClientRequest with = request("/ping");
  with.keep_alive = true;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(fetch(with).status, 200);
  EXPECT_EQ(counters_.connections_accepted, 1U);
}

TEST_F(TlsClientTest, TellsWhoItIs) {
  listen(Clients::kMustIdentify);
  EXPECT_EQ(who(client_authority_.issue("agent-7")).body, "[agent-7]");
  ClientRequest with = request("/who");
  const TestIdentity identity = client_authority_.issue("from files");
  with.certificate_file = files_.write("client.crt", identity.certificate);
  with.key_file = files_.write("client.key", identity.key);
  EXPECT_EQ(fetch(with).body, "[from files]");
  with.key_file = files_.write("other.key", client_authority_.issue("other").key);
  EXPECT_TRUE(fetch(with).error);
}

TEST_F(TlsClientTest, IsLetInOnlyWithACertificateThatCounts) {
  listen(Clients::kMustIdentify);
  const Outcome without = fetch(request("/who"));
  EXPECT_TRUE(without.error);
  EXPECT_EQ(without.status, 0);
  EXPECT_TRUE(who(authority_.issue("of another root")).error);
  EXPECT_EQ(counters_.handshakes_failed, 2U);
  EXPECT_EQ(counters_.requests, 0U);
}

TEST_F(TlsClientTest, MayStayAnonymousWhereThatIsAllowed) {
  listen(Clients::kMayIdentify);
  EXPECT_EQ(fetch(request("/who")).body, "[]");
  EXPECT_EQ(who(client_authority_.issue("agent-7")).body, "[agent-7]");
  EXPECT_TRUE(who(authority_.issue("of another root")).error);
  EXPECT_EQ(who(client_authority_.issue("two\nlines")).body, "[]");
}

TEST_F(TlsClientTest, IsNotNamedByAServerThatDoesNotAsk) {
  listen();
  EXPECT_EQ(who(client_authority_.issue("agent-7")).body, "[]");
}

TEST_F(TlsClientTest, SeesANewCertificateWithItsNextConnection) {
  listen();
  ClientRequest kept = request("/ping");
  kept.keep_alive = true;
  EXPECT_EQ(fetch(kept).status, 200);
  const TestAuthority next("next root");
  show(next.issue("server"));
  ASSERT_TRUE(context_->reload());
  EXPECT_EQ(fetch(kept).status, 200) << "on the connection that it had";
  EXPECT_TRUE(fetch(request("/ping")).error);
  ClientRequest with = request("/ping");
  with.ca = next.certificate();
  EXPECT_EQ(fetch(with).status, 200);
}

TEST_F(TlsClientTest, MayMeetOneContextInSeveralThreads) {
  listen();
  uv::Loop other_loop;
  Counters other_counters;
  auto other = Server::listen(other_loop, *Endpoint::parse("127.0.0.1:0"), router_, other_counters,
                              {.tls = context_.get()});
  ASSERT_TRUE(other);
  const std::string other_url = "https://" + (*other)->local().text() + "/ping";
  uv::Mailbox<int> stop(other_loop, 1, [&](int) { other_loop.stop(); });
  std::thread thread([&] { other_loop.run(); });
  for (int i = 0; i < 20; ++i) {
    ClientRequest with = request("/ping");
    EXPECT_EQ(fetch(with).status, 200);
    ASSERT_TRUE(context_->reload());
    with.url = other_url;
    EXPECT_EQ(fetch(with).status, 200);
  }
  EXPECT_TRUE(stop.send(0));
  thread.join();
  EXPECT_EQ(other_counters.requests, 20U);
}

TEST_F(TlsClientTest, SeesNothingOfAReloadThatFailed) {
  listen();
  files_.write("tls.key", authority_.issue("server").key);
  const auto mixed = context_->reload();
  ASSERT_FALSE(mixed);
  EXPECT_TRUE(mixed.error().message().ends_with("tls.key: key values mismatch"));
  EXPECT_EQ(fetch(request("/ping")).status, 200);
}

}  // namespace
}  // namespace meshcheck::http
