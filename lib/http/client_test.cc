#include "lib/http/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>

#include "lib/testing/http_stub_server.h"
#include "lib/testing/loop.h"
#include "lib/testing/network_namespace.h"
#include "lib/testing/no_descriptors.h"

namespace meshcheck::http {
namespace {

using ClientTest = ClientFixture;

TEST_F(ClientTest, FetchesAnAnswer) {
  server_.answer = TestServer::ok("hello");
  const Outcome outcome = get(server_.url("/api?x=1"));
  EXPECT_FALSE(outcome.error);
  EXPECT_TRUE(outcome.connected);
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.body, "hello");
  ASSERT_EQ(server_.requests.size(), 1U);
  EXPECT_EQ(server_.requests[0].substr(0, 23), "GET /api?x=1 HTTP/1.1\r\n");
  EXPECT_NE(server_.requests[0].find("User-Agent: test-agent\r\n"), std::string::npos);
  EXPECT_NE(server_.requests[0].find("Connection: close\r\n"), std::string::npos);
}

TEST_F(ClientTest, ConnectsWhereItIsToldToAndKeepsTheName) {
  server_.answer = TestServer::ok("hello");
  const std::string url = server_.url();
  ClientRequest request;
  request.url = "http://nowhere.invalid" + url.substr(url.rfind(':'));
  request.address = *IpAddress::parse("127.0.0.1");
  const Outcome outcome = fetch(std::move(request));
  EXPECT_EQ(outcome.status, 200) << outcome.error->message();
  EXPECT_NE(server_.requests.front().find("Host: nowhere.invalid:"), std::string::npos);
}

TEST_F(ClientTest, SaysThatItMayOpenNoMoreFiles) {
  const std::string url = server_.url();
  const Outcome outcome = [&] {
    const NoDescriptors none;
    return get(url);
  }();
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->message(), "open a socket: Too many open files");
  EXPECT_EQ(outcome.own_fault, OwnFault::kNoDescriptor);
  EXPECT_FALSE(outcome.connected);
}

TEST_F(ClientTest, SaysThatItCouldNotLookUpForWantOfDescriptors) {
  const std::string url = server_.url();
  const NoDescriptors none;
  EXPECT_EQ(get("http://localhost" + url.substr(url.rfind(':'))).own_fault,
            OwnFault::kNoDescriptor);
}

TEST(ClientPortTest, SaysThatNoLocalPortIsLeft) {
  netlink::in_network_namespace([] {
    uv::Loop loop;
    TestServer server(loop);
    // Of the ports there is one, and the server has it.
    std::string port = server.url().substr(server.url().rfind(':') + 1);
    port.pop_back();
    std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << port << " " << port;
    Client client(loop, {});
    uv::Timer tick(loop, [] {});  // The end of a connection that never began is no event.
    tick.start_repeating(std::chrono::milliseconds(10));
    std::optional<Outcome> outcome;
    ClientRequest request;
    request.url = server.url();
    const Call call =
        client.start(std::move(request), [&](Outcome ended) { outcome = std::move(ended); });
    ASSERT_TRUE(uv::run_until(loop, [&] { return outcome.has_value(); }));
    EXPECT_EQ(outcome->own_fault, OwnFault::kNoPort) << outcome->error->message();
  });
}

TEST_F(ClientTest, MeasuresEveryPhaseAndBothEnds) {
  server_.answer = TestServer::ok("hello");
  const Outcome outcome = get(server_.url());
  const Phases& phases = outcome.phases;
  EXPECT_EQ(phases.connect, phases.dns + phases.tcp_connect);
  EXPECT_GT(phases.tcp_connect.count(), 0);
  EXPECT_EQ(phases.tls.count(), 0);
  EXPECT_GE(phases.total, phases.connect + phases.server_processing + phases.content_transfer);
  EXPECT_LT(phases.total, std::chrono::seconds(10));
  ASSERT_TRUE(outcome.local);
  ASSERT_TRUE(outcome.remote);
  EXPECT_EQ("http://" + outcome.remote->text() + "/", server_.url());
  EXPECT_NE(outcome.local->port, 0);
}

TEST_F(ClientTest, TellsWhatTheKernelKnowsOfTheConnection) {
  server_.answer = TestServer::ok("hello");
  const Outcome outcome = get(server_.url());
  EXPECT_FALSE(outcome.timed_out);
  ASSERT_TRUE(outcome.tcp);
  EXPECT_GT(outcome.tcp->mss, 500U);
  EXPECT_GT(outcome.tcp->pmtu, outcome.tcp->mss);
  EXPECT_GT(outcome.tcp->round_trip.count(), 0);
  EXPECT_EQ(outcome.tcp->acknowledged, server_.requests.at(0).size() + 1);
  EXPECT_FALSE(outcome.tcp->pending);
}

TEST_F(ClientTest, LimitsSegmentsWhenAsked) {
  server_.answer = TestServer::ok("hello");
  ClientRequest request;
  request.url = server_.url();
  request.segment_max = 536;
  const Outcome outcome = fetch(std::move(request));
  ASSERT_TRUE(outcome.tcp);
  EXPECT_GT(outcome.tcp->mss, 500U);
  EXPECT_LE(outcome.tcp->mss, 536U);
}

TEST_F(ClientTest, KnowsTheConnectionOfWhoOpenedIt) {
  server_.answer = TestServer::ok("x");
  ClientRequest request;
  request.url = server_.url();
  request.keep_alive = true;
  EXPECT_TRUE(fetch(request).tcp);
  EXPECT_FALSE(fetch(request).tcp) << "this one was there before";
  EXPECT_EQ(server_.connections, 1U);
}

TEST_F(ClientTest, SendsABodyWithItsHeaders) {
  server_.answer = "HTTP/1.1 204 No Content\r\n\r\n";
  ClientRequest request;
  request.method = "POST";
  request.url = server_.url();
  request.headers = {{"Content-Type", "application/json"}};
  request.body = "{\"a\":1}";
  const Outcome outcome = fetch(std::move(request));
  EXPECT_EQ(outcome.status, 204);
  ASSERT_EQ(server_.requests.size(), 1U);
  const std::string& seen = server_.requests[0];
  EXPECT_EQ(seen.substr(0, 6), "POST /");
  EXPECT_NE(seen.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(seen.find("Content-Length: 7\r\n"), std::string::npos);
  EXPECT_EQ(seen.find("Expect"), std::string::npos);
  EXPECT_EQ(seen.substr(seen.size() - 7), "{\"a\":1}");
}

TEST_F(ClientTest, SendsOtherMethods) {
  server_.answer = TestServer::ok("");
  for (const auto* method : {"PUT", "DELETE"}) {
    ClientRequest request;
    request.method = method;
    request.url = server_.url();
    request.body = "x";
    EXPECT_EQ(fetch(std::move(request)).status, 200);
    EXPECT_EQ(server_.requests.back().find(method), 0U);
  }
}

TEST_F(ClientTest, TreatsAnErrorStatusAsAnAnswer) {
  server_.answer = "HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nwhy";
  const Outcome outcome = get(server_.url());
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.status, 500);
  EXPECT_EQ(outcome.body, "why");
}

TEST_F(ClientTest, ReadsChunkedAnswers) {
  server_.answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  EXPECT_EQ(get(server_.url()).body, "abcde");
}

TEST_F(ClientTest, ReportsARefusedConnection) {
  // Bound and not listening: refuses, and nobody else can take the port.
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage storage{};
  const sockaddr* const any = Endpoint::parse("127.0.0.1:0")->to_sockaddr(storage);
  ASSERT_EQ(bind(descriptor, any, sizeof(sockaddr_in)), 0);
  socklen_t length = sizeof storage;
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  ASSERT_EQ(getsockname(descriptor, name, &length), 0);
  const Outcome outcome = get("http://" + Endpoint::from_sockaddr(name).text());
  ASSERT_TRUE(outcome.error);
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_FALSE(outcome.connected);
  EXPECT_FALSE(outcome.tcp);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.phases.tcp_connect.count(), 0);
  EXPECT_GT(outcome.phases.total.count(), 0);
  close(descriptor);
}

TEST_F(ClientTest, ReportsATruncatedBody) {
  server_.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort";
  server_.close_after_answer = true;
  const Outcome outcome = get(server_.url());
  EXPECT_TRUE(outcome.error);
  EXPECT_TRUE(outcome.connected);
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.body, "short");
}

TEST_F(ClientTest, ReportsGarbage) {
  server_.answer = "not http at all\r\n\r\n";
  server_.close_after_answer = true;
  const Outcome outcome = get(server_.url());
  EXPECT_TRUE(outcome.error);
  EXPECT_TRUE(outcome.connected);
  EXPECT_EQ(outcome.status, 0);
}

TEST_F(ClientTest, RefusesAnOversizeBody) {
  server_.answer = TestServer::ok("12345678");
  ClientRequest request;
  request.url = server_.url();
  request.body_max = 7;
  const Outcome outcome = fetch(request);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->message(), "the answer is larger than 7 bytes");
  request.body_max = 8;
  request.discard_body = true;
  const Outcome discarded = fetch(request);
  EXPECT_FALSE(discarded.error);
  EXPECT_EQ(discarded.body, "");
}

TEST_F(ClientTest, ReportsAUrlThatIsNone) {
  EXPECT_TRUE(get("http://[::1").error);
  EXPECT_TRUE(get("ftp://127.0.0.1/").error);
  EXPECT_TRUE(get("").error);
}

TEST_F(ClientTest, FollowsRedirectsOnlyWhenAsked) {
  server_.answer = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /again\r\n\r\n";
  ClientRequest request;
  request.url = server_.url();
  EXPECT_EQ(fetch(request).status, 302);
  request.redirects_max = 2;
  EXPECT_TRUE(fetch(request).error);  // A circle: given up after the second.
  EXPECT_EQ(server_.requests.size(), 1U + 3U);
}

TEST_F(ClientTest, ReusesAConnectionOnlyWhenAsked) {
  server_.answer = TestServer::ok("x");
  ClientRequest request;
  request.url = server_.url();
  request.keep_alive = true;
  EXPECT_EQ(fetch(request).status, 200);
  EXPECT_EQ(fetch(request).status, 200);
  EXPECT_EQ(server_.connections, 1U);
  request.keep_alive = false;
  EXPECT_EQ(fetch(request).status, 200);
  EXPECT_EQ(fetch(request).status, 200);
  EXPECT_EQ(server_.connections, 3U);
}

TEST_F(ClientTest, IgnoresTheProxyOfTheEnvironment) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  server_.answer = TestServer::ok("direct");
  EXPECT_EQ(get(server_.url()).body, "direct");
  unsetenv("http_proxy");
}

TEST_F(ClientTest, RunsCallsSideBySideUpToItsBound) {
  server_.answer = TestServer::ok("x");
  std::vector<Call> calls;
  std::size_t done = 0;
  for (int i = 0; i < 20; ++i) {
    ClientRequest request;
    request.url = server_.url();
    calls.push_back(client_.start(std::move(request), [&](const Outcome& outcome) {
      EXPECT_EQ(outcome.status, 200);
      if (++done == 20) loop_.stop();
    }));
  }
  loop_.run();
  EXPECT_EQ(done, 20U);
}

TEST_F(ClientTest, IsSilentAfterACallIsDestroyed) {
  bool called = false;
  ClientRequest request;
  request.url = server_.url();
  Call call = client_.start(std::move(request), [&](const Outcome&) { called = true; });
  server_.on_request = [&] { call = Call(); };
  while (server_.closed_by_client == 0) loop_.run_once();
  EXPECT_FALSE(called);
}

TEST_F(ClientTest, MayDestroyCallsInsideACallbackAndStartAnother) {
  server_.answer = TestServer::ok("x");
  ClientRequest request;
  request.url = server_.url();
  std::string seen;
  int delivered = 0;
  std::array<Call, 2> calls;
  // Whichever of the two is first silences both, its own included, and starts a third.
  const auto on_first = [&, this](const Outcome&) {
    ++delivered;
    calls[1] = Call();
    calls[0] = client_.start(request, [&](const Outcome& outcome) {
      seen = outcome.body;
      calls[0] = Call();
      loop_.stop();
    });
  };
  for (Call& call : calls) call = client_.start(request, on_first);
  loop_.run();
  EXPECT_EQ(delivered, 1);
  EXPECT_EQ(seen, "x");
}

}  // namespace
}  // namespace meshcheck::http
