#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "lib/testing/http_stub_server.h"

namespace meshcheck::http {
namespace {

// Every phase in which a server can go silent, and what the outcome says about it.
class ClientTimeoutTest : public ClientFixture {
 protected:
  Outcome fetch_with_short_timeout(const std::string& url) {
    ClientRequest request;
    request.url = url;
    request.timeout = std::chrono::milliseconds(30);
    request.verify = false;
    Outcome outcome = fetch(std::move(request));
    EXPECT_TRUE(outcome.error);
    EXPECT_TRUE(outcome.timed_out);
    EXPECT_GE(outcome.phases.total, std::chrono::milliseconds(29));
    EXPECT_LT(outcome.phases.total, std::chrono::seconds(5));
    return outcome;
  }
};

TEST_F(ClientTimeoutTest, EndsAConnectionThatIsNotAnswered) {
  // A listener with a full backlog drops SYNs.
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage storage{};
  const sockaddr* const any = Endpoint::parse("127.0.0.1:0")->to_sockaddr(storage);
  ASSERT_EQ(bind(listening, any, sizeof(sockaddr_in)), 0);
  ASSERT_EQ(listen(listening, 0), 0);
  socklen_t length = sizeof storage;
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  ASSERT_EQ(getsockname(listening, name, &length), 0);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    static_cast<void>(connect(fillers.back(), name, length));
  }
  const Outcome outcome =
      fetch_with_short_timeout("http://" + Endpoint::from_sockaddr(name).text());
  EXPECT_FALSE(outcome.connected);
  EXPECT_FALSE(outcome.tcp);
  EXPECT_EQ(outcome.phases.connect.count(), 0);
  for (const int filler : fillers) close(filler);
  close(listening);
}

TEST_F(ClientTimeoutTest, EndsAHandshakeThatIsNotAnswered) {
  const Outcome outcome = fetch_with_short_timeout("https" + server_.url().substr(4));
  EXPECT_FALSE(outcome.connected);
  EXPECT_EQ(outcome.phases.connect.count(), 0);
}

TEST_F(ClientTimeoutTest, EndsARequestThatIsNotAnswered) {
  const Outcome outcome = fetch_with_short_timeout(server_.url());
  EXPECT_TRUE(outcome.connected);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.phases.server_processing.count(), 0);
  ASSERT_TRUE(outcome.tcp);
  EXPECT_FALSE(outcome.tcp->pending) << "the kernel of the silent server has it all";
  EXPECT_GT(outcome.tcp->acknowledged, server_.requests.at(0).size());
}

TEST_F(ClientTimeoutTest, TellsARequestThatIsStillOnItsWay) {
  // Connected by the kernel, read by nobody: the body is more than fits into the buffers.
  const int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int buffer_size = 4096;
  setsockopt(listening, SOL_SOCKET, SO_RCVBUF, &buffer_size, sizeof buffer_size);
  sockaddr_storage storage{};
  const sockaddr* const any = Endpoint::parse("127.0.0.1:0")->to_sockaddr(storage);
  ASSERT_EQ(bind(listening, any, sizeof(sockaddr_in)), 0);
  ASSERT_EQ(listen(listening, 1), 0);
  socklen_t length = sizeof storage;
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  ASSERT_EQ(getsockname(listening, name, &length), 0);
  ClientRequest request;
  request.method = "POST";
  request.url = "http://" + Endpoint::from_sockaddr(name).text();
  request.body = std::string(std::size_t{1} << 20U, '0');
  request.timeout = std::chrono::milliseconds(50);
  const Outcome outcome = fetch(std::move(request));
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_TRUE(outcome.connected);
  ASSERT_TRUE(outcome.tcp);
  EXPECT_TRUE(outcome.tcp->pending);
  EXPECT_LT(outcome.tcp->acknowledged, std::size_t{1} << 20U);
  // What was given up does not arrive later: the connection was reset.
  const int accepted = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
  ASSERT_GE(accepted, 0);
  std::array<char, 65536> buffer{};
  ssize_t count = 0;
  while ((count = read(accepted, buffer.data(), buffer.size())) > 0) continue;
  EXPECT_EQ(count, -1);
  EXPECT_EQ(errno, ECONNRESET);
  close(accepted);
  close(listening);
}

TEST_F(ClientTimeoutTest, EndsABodyThatStops) {
  server_.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort";
  const Outcome outcome = fetch_with_short_timeout(server_.url());
  EXPECT_TRUE(outcome.connected);
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.body, "short");
  EXPECT_GE(outcome.phases.content_transfer, std::chrono::milliseconds(10));
}

}  // namespace
}  // namespace meshcheck::http
