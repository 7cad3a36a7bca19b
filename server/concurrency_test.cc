// netchecker died of concurrent reports of new names ("fatal error: concurrent map writes"): the
// same load over real sockets on several network threads, meant to be run under tsan as well.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "server/network_thread.h"

namespace meshcheck::server {
namespace {

constexpr std::size_t kPosters = 16;
constexpr std::size_t kReportsEach = 10'000;
constexpr std::size_t kThreads = 4;

// A blocking connection of one poster.
class Poster {
 public:
  explicit Poster(const Endpoint& server) : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_storage storage{};
    const sockaddr* const address = server.to_sockaddr(storage);
    EXPECT_EQ(connect(descriptor_, address, sizeof(sockaddr_in)), 0);
  }
  ~Poster() { close(descriptor_); }
  Poster(const Poster&) = delete;
  Poster& operator=(const Poster&) = delete;

  // True if it was answered 200.
  bool post(const std::string& name) {
    const std::string body = R"({"report_interval":60,"nodename":")" + name + R"(","podname":")" +
                             name + R"(","ips":{"lo":["::1/128"]},"zero_extender":[0,0,0]})";
    const std::string request = "POST /api/v1/agents/" + name +
                                " HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) +
                                "\r\n\r\n" + body;
    return exchange(request).starts_with("HTTP/1.1 200 ");
  }

  // The answer to a request whose answer has no body.
  std::string exchange(const std::string& request) {
    EXPECT_EQ(send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string answer;
    std::array<char, 4096> buffer{};
    while (!answer.ends_with("\r\n\r\n")) {
      const ssize_t size = recv(descriptor_, buffer.data(), buffer.size(), 0);
      if (size <= 0) break;
      answer.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return answer;
  }

 private:
  int descriptor_;
};

TEST(ConcurrencyTest, TakesReportsOfNewNamesFromManyPostersAtOnce) {
  State state({.agents_max = kPosters * kReportsEach}, kThreads);
  metrics::Registry registry;
  register_metrics(registry, state);
  std::vector<std::unique_ptr<NetworkThread>> threads;
  NetworkThread::Options options{.endpoint = *Endpoint::parse("127.0.0.1:0")};
  options.http.reuse_port = true;
  for (options.index = 0; options.index < kThreads; ++options.index) {
    auto thread = NetworkThread::listen(state, registry, options, Log());
    ASSERT_TRUE(thread) << thread.error().message();
    options.endpoint = (*thread)->local();
    threads.push_back(*std::move(thread));
  }
  for (const auto& thread : threads) thread->start();

  std::atomic<std::size_t> accepted = 0;
  // A reader of everything meanwhile, ten times in all: each answer walks over all agents.
  std::thread reader([&] {
    Poster connection(options.endpoint);
    for (std::size_t round = 1; round <= 10; ++round) {
      while (accepted < round * kPosters * kReportsEach / 11) std::this_thread::yield();
      for (const char* path : {"/api/v1/connectivity_check", "/api/v1/agents/p3-7", "/metrics"}) {
        const auto answer = connection.exchange("HEAD " + std::string(path) + " HTTP/1.1\r\n\r\n");
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 ")) << answer;
      }
    }
  });
  std::vector<std::thread> posters;
  for (std::size_t poster = 0; poster < kPosters; ++poster) {
    posters.emplace_back([&, poster] {
      Poster connection(options.endpoint);
      for (std::size_t i = 0; i < kReportsEach; ++i) {
        accepted += connection.post("p" + std::to_string(poster) + "-" + std::to_string(i));
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  reader.join();
  EXPECT_EQ(accepted, kPosters * kReportsEach);
  const auto counts = state.table.with([](const AgentTable& table) { return table.counts(); });
  EXPECT_EQ(counts.agents, kPosters * kReportsEach);
  EXPECT_EQ(counts.reports, kPosters * kReportsEach);
  for (const auto& thread : threads) thread->drain(std::chrono::seconds(5));
  for (const auto& thread : threads) thread->join();
}

}  // namespace
}  // namespace meshcheck::server
