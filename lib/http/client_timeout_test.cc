#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "lib/http/client_test_server.h"

namespace meshcheck::http {
namespace {

// Every phase in which a server can go silent, and what the outcome says about it.
class ClientTimeoutTest : public ClientFixture {
 protected:
  Outcome fetch_with_short_timeout(const std::string& url) {
    Request request;
    request.url = url;
    request.timeout = std::chrono::milliseconds(30);
    request.verify = false;
    Outcome outcome = fetch(std::move(request));
    EXPECT_TRUE(outcome.error);
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
