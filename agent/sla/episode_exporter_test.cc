#include "agent/sla/episode_exporter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <optional>

#include "lib/testing/http_stub_server.h"
#include "lib/testing/loop.h"
#include "lib/testing/temporary_directory.h"
#include "mesh/sla/episode_message.h"
#include "probe/descriptor.h"

namespace meshcheck::agent {
namespace {

using namespace std::chrono_literals;
using http::TestServer;
using sla::Episode;

constexpr std::int64_t kBegin = 1'700'000'010;

std::vector<Episode> slot(std::int64_t number, int probes = 1) {
  std::vector<Episode> episodes;
  for (int probe = 0; probe < probes; ++probe) {
    episodes.push_back({.ref = {"group", "probe-" + std::to_string(probe)},
                        .start = sla::Seconds(std::chrono::seconds(kBegin + 30 * number)),
                        .timers = {.up = sla::Milliseconds(30'000)},
                        .checks = 3,
                        .successes = 3});
  }
  return episodes;
}

class EpisodeExporterTest : public testing::Test {
 protected:
  void start(const std::string& path = "", Backoff::Range backoff = {.min = 10ms, .max = 40ms}) {
    auto spool = EpisodeExporter::open_spool(path);
    ASSERT_TRUE(spool) << spool.error().message();
    exporter_.emplace(loop_, client_, access_, *std::move(spool),
                      EpisodeExporter::Options{.url = server_.url("/downtime"),
                                               .origin = "pod-1",
                                               .interval = 20ms,
                                               .timeout = 200ms,
                                               .backoff = backoff,
                                               .seed = 1,
                                               .log = log()});
  }
  Log log() {
    if (log_file_.empty()) return Log({.level = Log::Level::kError, .descriptor = -1});
    log_ = probe::Descriptor(open(log_file_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    return Log({.descriptor = log_.get()});
  }
  // In how many lines of the log.
  int logged(const std::string& text) const {
    std::ifstream file(log_file_);
    int count = 0;
    for (std::string line; std::getline(file, line);) count += line.find(text) != line.npos ? 1 : 0;
    return count;
  }
  bool wait(const std::function<bool()>& done) { return uv::run_until(loop_, done, 10s); }
  // The slots of all messages that came, by their numbers.
  std::vector<std::int64_t> slots() const {
    std::vector<std::int64_t> numbers;
    for (const std::string& request : server_.requests) {
      const auto body = request.substr(request.find("\r\n\r\n") + 4);
      const auto message = sla::parse_episode_message(body);
      EXPECT_TRUE(message) << message.error().message();
      if (!message) continue;
      EXPECT_EQ(message->origin, "pod-1");
      for (const Episode& episode : message->episodes) {
        numbers.push_back((episode.start.time_since_epoch().count() - kBegin) / 30);
      }
    }
    return numbers;
  }
  using Slots = std::vector<std::int64_t>;

  TemporaryDirectory directory_;
  std::string log_file_;  // Empty: nobody reads the log.
  probe::Descriptor log_;
  uv::Loop loop_;
  TestServer server_{loop_};
  http::Client client_{loop_, {.connections_max = 2, .user_agent = "test"}};
  ServerAccess access_{loop_, {}, Log({.level = Log::Level::kError})};
  std::optional<EpisodeExporter> exporter_;
};

const std::string kOk = TestServer::ok("{}");
const std::string kUnavailable = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
const std::string kBad = "HTTP/1.1 400 Bad\r\nContent-Length: 5\r\n\r\nwrong";

TEST_F(EpisodeExporterTest, SendsWhatItGotAndThenNoMore) {
  server_.answer = kOk;
  start();
  exporter_->add(slot(0));
  exporter_->add(slot(1));
  EXPECT_TRUE(wait([&] { return exporter_->counters().sent == 2; }));
  exporter_->add(slot(2));
  EXPECT_TRUE(wait([&] { return exporter_->counters().sent == 3; }));
  EXPECT_EQ(slots(), (Slots{0, 1, 2}));
  EXPECT_TRUE(server_.requests.front().starts_with("POST /downtime HTTP/1.1\r\n"));
}

TEST_F(EpisodeExporterTest, KeepsWhatIsNotTakenAndSendsItInOrder) {
  server_.answer = kUnavailable;
  start();
  exporter_->add(slot(0));
  EXPECT_TRUE(wait([&] { return exporter_->counters().failures == 2; }));
  exporter_->add(slot(1));
  server_.answer.clear();  // Silence counts as much.
  EXPECT_TRUE(wait([&] { return exporter_->counters().failures == 4; }));
  server_.requests.clear();
  server_.answer = kOk;
  EXPECT_TRUE(wait([&] { return exporter_->counters().sent == 2; }));
  EXPECT_EQ(slots(), (Slots{0, 1}));
}

TEST_F(EpisodeExporterTest, DropsWhatTheServerRefusesForGood) {
  server_.answer = kBad;
  start();
  exporter_->add(slot(0));
  EXPECT_TRUE(wait([&] { return exporter_->counters().refused == 1; }));
  server_.answer = kOk;
  exporter_->add(slot(1));
  EXPECT_TRUE(wait([&] { return exporter_->counters().sent == 1; }));
  EXPECT_EQ(slots(), (Slots{0, 1}));
}

TEST_F(EpisodeExporterTest, TellsOnceWhyTheServerRefusesAndWhenItIsOver) {
  const auto refused = [&](std::uint64_t count) {
    return wait([&] { return exporter_->counters().refused == count; });
  };
  log_file_ = directory_.file("log");
  server_.answer = TestServer::ok(R"({"refused":{"in_future":1}})");
  start();
  for (int number = 0; number < 3; ++number) {
    exporter_->add(slot(number));
    EXPECT_TRUE(refused(static_cast<std::uint64_t>(number) + 1));
  }
  server_.answer = kBad;
  exporter_->add(slot(3));
  EXPECT_TRUE(refused(4));
  server_.answer = kOk;
  exporter_->add(slot(4));
  EXPECT_TRUE(wait([&] { return exporter_->counters().sent == 1; }));
  EXPECT_EQ(logged("error=in_future episodes=1"), 1);
  EXPECT_EQ(logged("refuses episodes for good"), 2) << "once for each reason";
  EXPECT_EQ(logged("the server takes episodes again\" refused_in_all=4"), 1);
}

TEST_F(EpisodeExporterTest, GoesOnWithTheSpoolOfTheProcessBefore) {
  const std::string path = directory_.file("spool.db");
  server_.answer = kUnavailable;
  start(path);
  exporter_->add(slot(0, 3));
  EXPECT_TRUE(
      wait([&] { return exporter_->counters().failures >= 1 && exporter_->unsaved() == 0; }));
  exporter_.reset();
  server_.requests.clear();
  server_.answer = kOk;
  start(path);
  EXPECT_TRUE(wait([&] { return exporter_->counters().sent == 3; }));
  EXPECT_EQ(slots(), (Slots{0, 0, 0}));
  exporter_.reset();
  start(path);
  exporter_->add(slot(1));
  EXPECT_TRUE(wait([&] { return exporter_->counters().sent == 1; }));
  EXPECT_EQ(slots(), (Slots{0, 0, 0, 1}));
}

TEST_F(EpisodeExporterTest, SendsALongBacklogInBatchesOfWholeSlots) {
  server_.answer = kUnavailable;
  start();
  for (std::int64_t number = 0; number < 30; ++number) exporter_->add(slot(number, 100));
  EXPECT_TRUE(wait([&] { return exporter_->unsaved() == 0; }));
  exporter_.reset();
  // Large bodies come in pieces, which this server does not join; the spool is asked instead.
  auto spool = store::Connection::open(":memory:");
  ASSERT_TRUE(spool::prepare(*spool));
  for (std::int64_t number = 0; number < 30; ++number) {
    ASSERT_TRUE(spool::put(*spool, slot(number, 100), {}));
  }
  std::vector<std::size_t> sizes;
  while (true) {
    const auto batch = spool::oldest(*spool, EpisodeExporter::kBatchMax);
    ASSERT_TRUE(batch);
    if (batch->episodes.empty()) break;
    sizes.push_back(batch->episodes.size());
    EXPECT_LT(sla::encode({.origin = "o", .episodes = batch->episodes}).size(),
              sla::kEpisodeMessageSizeMax);
    ASSERT_TRUE(spool::erase(*spool, *batch));
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1900, 1100}));
}

// A limit on file sizes stands for a full disk: the write fails in the same place.
class FullDisk {
 public:
  // Files of up to `size_max` bytes still fit.
  explicit FullDisk(rlim_t size_max) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit small{.rlim_cur = size_max, .rlim_max = before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_F(EpisodeExporterTest, GoesOnWithAFullDiskAndDropsTheOldest) {
  server_.answer = kUnavailable;
  // Writing a long message again and again would take most of the time.
  start(directory_.file("spool.db"), {.min = 500ms, .max = 1000ms});
  std::int64_t number = 0;
  {
    const FullDisk full(64U << 10U);
    for (; number < 200; ++number) {
      exporter_->add(slot(number, 10));
      ASSERT_TRUE(wait([&] { return !exporter_->saving(); }));
    }
    EXPECT_EQ(exporter_->unsaved(), 0U);
    EXPECT_GT(exporter_->counters().dropped, 0U);
  }
  exporter_->add(slot(number, 10));
  EXPECT_TRUE(wait([&] { return exporter_->unsaved() == 0; }));
  server_.answer = kOk;
  const auto kept = static_cast<std::uint64_t>(10 * (number + 1)) - exporter_->counters().dropped;
  EXPECT_TRUE(wait([&] { return exporter_->counters().sent >= kept; }));
  EXPECT_EQ(exporter_->counters().sent, kept);
}

TEST_F(EpisodeExporterTest, SendsFromMemoryWhatTheDiskRefuses) {
  server_.answer = kUnavailable;
  start(directory_.file("spool.db"));
  const FullDisk full(1);
  exporter_->add(slot(0));
  EXPECT_TRUE(wait([&] { return exporter_->counters().failures >= 2; }));
  exporter_->add(slot(1));
  EXPECT_TRUE(wait([&] { return exporter_->unsaved() == 2; })) << "both came back, in order";
  server_.requests.clear();
  server_.answer = kOk;
  EXPECT_TRUE(wait([&] { return exporter_->counters().sent == 2; }));
  EXPECT_EQ(slots(), (Slots{0, 1}));
  EXPECT_EQ(exporter_->unsaved(), 0U);
}

TEST_F(EpisodeExporterTest, DropsFromMemoryWhatTheServerRefusesForGood) {
  server_.answer = kBad;
  start(directory_.file("spool.db"));
  const FullDisk full(1);
  exporter_->add(slot(0));
  EXPECT_TRUE(wait([&] { return exporter_->counters().refused == 1; }));
  EXPECT_EQ(exporter_->unsaved(), 0U);
}

TEST_F(EpisodeExporterTest, SavesWhatCameBackFromTheServerOnceTheDiskWorks) {
  server_.answer = kUnavailable;
  start(directory_.file("spool.db"));
  {
    const FullDisk full(1);
    exporter_->add(slot(0));
    EXPECT_TRUE(wait([&] { return exporter_->counters().failures >= 1; }));
  }
  EXPECT_TRUE(wait([&] { return exporter_->counters().failures >= 3; }));
  EXPECT_TRUE(wait([&] { return exporter_->unsaved() == 0 && !exporter_->saving(); }));
  exporter_.reset();
  server_.requests.clear();
  server_.answer = kOk;
  start(directory_.file("spool.db"));
  EXPECT_TRUE(wait([&] { return exporter_->counters().sent == 1; }));
  EXPECT_EQ(slots(), (Slots{0}));
}

TEST_F(EpisodeExporterTest, SendsNothingTwiceThatItCannotErase) {
  server_.answer = kUnavailable;
  start(directory_.file("spool.db"));
  exporter_->add(slot(0));
  EXPECT_TRUE(
      wait([&] { return exporter_->counters().failures >= 1 && exporter_->unsaved() == 0; }));
  {
    const FullDisk full(1);
    server_.requests.clear();
    server_.answer = kOk;
    EXPECT_TRUE(wait([&] { return exporter_->counters().sent == 1; }));
    exporter_->add(slot(1));  // Goes from memory, which shows that turns go on.
    EXPECT_TRUE(wait([&] { return exporter_->counters().sent == 2; }));
  }
  exporter_->add(slot(2));
  EXPECT_TRUE(wait([&] { return exporter_->counters().sent == 3; }));
  EXPECT_EQ(slots(), (Slots{0, 1, 2}));
}

}  // namespace
}  // namespace meshcheck::agent
