// netchecker died of concurrent reports of new names ("fatal error: concurrent map writes"): the
// same load over real sockets on several network threads, meant to be run under tsan as well.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <thread>

#include "server/metrics.h"
#include "server/network_thread.h"

namespace meshcheck::server {
namespace {

constexpr std::size_t kPosters = 16;
constexpr std::size_t kReportsEach = 10'000;
constexpr std::size_t kThreads = 4;
// One in so many agents probes: as many nodes as a large cluster has.
constexpr std::size_t kMeshEach = 500;
constexpr std::string_view kMesh =
    R"(,"mesh":{"schema":1,"layer":"pod","agent_uptime_ms":60000,"probing":{"port":8862,"ssid":7,)"
    R"("addresses":["10.0.0.1"]},"paths":{"columns":["to","parts"],"rows":[["p0-0","down"]]}})";

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

  // True if it was answered 200. With `mesh` it is the report of an agent that probes.
  bool post(const std::string& name, std::string_view mesh) {
    const std::string body = R"({"report_interval":60,"nodename":")" + name + R"(","podname":")" +
                             name + R"(","ips":{"lo":["::1/128"]})" + std::string(mesh) +
                             R"(,"zero_extender":[0,0,0]})";
    const std::string request =
        "POST /api/v1/agents/" + name +
        " HTTP/1.1\r\nHost: s\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
        body;
    const std::string answer = exchange(request);
    const auto length = answer.find("Content-Length: ");
    if (length != std::string::npos) skip(std::stoul(answer.substr(length + 16)));
    return answer.starts_with("HTTP/1.1 200 ");
  }

  // The answer to a request up to its body.
  std::string exchange(const std::string& request) {
    EXPECT_EQ(send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string answer;
    std::array<char, 4096> buffer{};
    for (std::size_t end = std::string::npos; end == std::string::npos;) {
      // Looked at first, so that the body stays where it is.
      const ssize_t size = recv(descriptor_, buffer.data(), buffer.size(), MSG_PEEK);
      if (size <= 0) break;
      const std::string seen = answer + std::string(buffer.data(), static_cast<std::size_t>(size));
      end = seen.find("\r\n\r\n");
      const std::size_t wanted = std::min(end, seen.size() - 4) + 4 - answer.size();
      EXPECT_EQ(recv(descriptor_, buffer.data(), wanted, 0), static_cast<ssize_t>(wanted));
      answer.append(buffer.data(), wanted);
    }
    return answer;
  }

  void skip(std::size_t size) {
    std::string body(size, '\0');
    if (size == 0) return;
    EXPECT_EQ(recv(descriptor_, body.data(), size, MSG_WAITALL), static_cast<ssize_t>(size));
  }

 private:
  int descriptor_;
};

TEST(ConcurrencyTest, TakesReportsOfNewNamesFromManyPostersAtOnce) {
  std::signal(SIGPIPE, SIG_IGN);  // As main does: readers may go away.
  Parts parts({.agents = {.agents_max = kPosters * kReportsEach}, .threads = kThreads});
  metrics::Registry registry;
  register_metrics(registry, parts);
  std::vector<std::unique_ptr<NetworkThread>> threads;
  NetworkThread::Options options{.endpoint = *Endpoint::parse("127.0.0.1:0")};
  options.http.reuse_port = true;
  for (options.index = 0; options.index < kThreads; ++options.index) {
    auto thread = NetworkThread::listen(parts, registry, options, Log());
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
      for (const char* path : {"/api/v1/connectivity_check", "/api/v1/agents/p3-7",
                               "/api/v1/agents/p0-0/paths", "/metrics"}) {
        const auto answer =
            connection.exchange("HEAD " + std::string(path) + " HTTP/1.1\r\nHost: s\r\n\r\n");
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 ")) << answer;
      }
      Poster streamed(options.endpoint);  // Closed in the middle of the answer.
      const auto answer = streamed.exchange("GET /api/v1/mesh HTTP/1.1\r\nHost: s\r\n\r\n");
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    }
  });
  std::vector<std::thread> posters;
  for (std::size_t poster = 0; poster < kPosters; ++poster) {
    posters.emplace_back([&, poster] {
      Poster connection(options.endpoint);
      for (std::size_t i = 0; i < kReportsEach; ++i) {
        const std::string name = "p" + std::to_string(poster) + "-" + std::to_string(i);
        accepted += connection.post(name, i % kMeshEach == 0 ? kMesh : "");
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  reader.join();
  EXPECT_EQ(accepted, kPosters * kReportsEach);
  const auto counts = parts.agents.with([](const AgentTable& table) { return table.counts(); });
  EXPECT_EQ(counts.agents, kPosters * kReportsEach);
  EXPECT_EQ(counts.reports, kPosters * kReportsEach);
  const auto agents =
      parts.mesh.with([](const mesh::Mesh& mesh) { return mesh.table.counts().agents; });
  EXPECT_EQ(agents, kPosters * kReportsEach / kMeshEach);
  for (const auto& thread : threads) thread->drain(std::chrono::seconds(5));
  for (const auto& thread : threads) thread->join();
}

}  // namespace
}  // namespace meshcheck::server
