// What the history of graphs costs: the bytes that a minute adds to SQLite's log, the size of the
// database after some months, and how long a graph takes to read.
// Usage: history_bench DIRECTORY [NODES] [DAYS]; makes DIRECTORY/history.db anew with the store's
// own functions. The time is simulated: 90 days of 1,000 nodes take some minutes. Prints a table.
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "lib/base/time.h"
#include "lib/store/transaction.h"
#include "server/history/history_store.h"
#include "server/store/schema.h"

namespace meshcheck::server {
namespace {

using history::Column;
using history::Point;
using history::SeriesKey;
using history::Tick;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Seconds kEnd{days(20'880)};  // A midnight.
constexpr std::size_t kRepeats = 1000;

struct Size {
  int nodes = 1000;
  int days = 90;
};

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// Of this thread, in which it was not waiting for a core.
double milliseconds_busy() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

double size_of(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? static_cast<double>(status.st_size) : 0;
}

// A made-up mesh: 22 paths of each node and layer, whose round trips move by 2 % (the medians) and
// 10 % (the largest) from minute to minute. One minute in 200 has losses; in one hour in 100 of a
// node some of its paths are down.
class MadeUpMesh {
 public:
  explicit MadeUpMesh(int nodes) {
    std::normal_distribution<double> normal;
    for (double& value : noise_) value = normal(random_);
    for (int node = 0; node < nodes; ++node) {
      for (const mesh::Layer layer : {mesh::Layer::kPod, mesh::Layer::kHost}) {
        const SeriesKey key{.node = name_of(node), .layer = layer};
        tick_[key] = Point();
        bases_.push_back(
            {.p50 = history::rtt_level(static_cast<std::uint32_t>(150 + random_() % 600))});
      }
    }
  }

  static std::string name_of(int node) {
    return "worker-" + std::to_string(10'000 + node) + ".cluster";
  }

  const Tick& minute(bool begins_hour) {
    auto base = bases_.begin();
    for (auto& [key, point] : tick_) {
      if (begins_hour) base->down = random_() % 100 == 0 ? 1 + random_() % 20 : 0;
      set(point, *base, key.layer == mesh::Layer::kPod ? 1450 : 1500);
      ++base;
    }
    return tick_;
  }

 private:
  struct Base {
    std::uint16_t p50 = 0;  // A level.
    std::uint64_t down = 0;
  };

  int noise(double percent) {
    return static_cast<int>(std::lround(noise_.at(random_() % noise_.size()) * percent / 3));
  }
  void set(Point& point, const Base& base, std::uint16_t size) {
    const auto down = static_cast<std::uint16_t>(base.down);
    point[Column::kUp] = static_cast<std::uint16_t>(22 - down);
    point[Column::kDegraded] = point[Column::kUnknown] = 0;
    point[Column::kDown] = down;
    const bool loses = down != 0 || random_() % 200 == 0;
    const std::uint64_t lost = loses ? 1 + 60 * base.down + random_() % 5 : 0;
    point[Column::kLoss] = history::loss_value(lost, 22 * 60);
    point[Column::kLossMax] = history::loss_value(2 * lost, 22 * 60);
    point[Column::kLossForward] = history::loss_value(lost / 2, 22 * 60);
    point[Column::kLossBackward] = history::loss_value(lost - lost / 2, 22 * 60);
    point[Column::kRttP50] = static_cast<std::uint16_t>(base.p50 + noise(2));
    point[Column::kRttP99] = static_cast<std::uint16_t>(base.p50 + 40 + noise(10));
    point[Column::kMtu] = size;
  }

  std::mt19937_64 random_{1};
  std::array<double, 4096> noise_{};
  Tick tick_;
  std::vector<Base> bases_;  // In the order of tick_.
};

// Commits, and measures what one transaction adds to the log.
class Writer {
 public:
  Writer(store::Connection& database, const std::string& path)
      : database_(database), log_(path + "-wal") {}

  template <typename Write>
  Result<void> commit(Write&& write) {
    auto transaction = store::Transaction::begin(database_);
    if (!transaction) return transaction.error();
    if (Result<void> written = write(); !written) return written;
    return transaction->commit();
  }
  template <typename Write>
  Result<double> logged_by(Write&& write) {
    if (auto emptied = database_.exec("PRAGMA wal_checkpoint(TRUNCATE)"); !emptied) {
      return emptied.error();
    }
    if (auto done = commit(write); !done) return done.error();
    return size_of(log_);
  }

 private:
  store::Connection& database_;
  const std::string log_;
};

class Bench {
 public:
  Bench(store::Connection& database, std::string path, const Size& size)
      : database_(database),
        path_(std::move(path)),
        size_(size),
        writer_(database, path_),
        mesh_(size.nodes) {}

  Result<void> run() {
    const auto begin = Clock::now();
    const Seconds first = kEnd - days(size_.days);
    // The last hour before kEnd is measured.
    for (Seconds hour = first; hour < kEnd - hours(1); hour += hours(1)) {
      if (auto filled = fill_hour(hour); !filled) return filled;
    }
    std::printf("%d nodes, 2 layers, %d days: simulated in %.0f s\n", size_.nodes, size_.days,
                milliseconds_since(begin) / 1e3);
    if (auto measured = measure_log(kEnd - hours(1)); !measured) return measured;
    if (auto emptied = database_.exec("PRAGMA wal_checkpoint(TRUNCATE)"); !emptied) return emptied;
    std::printf("database %.1f MB, of these points %.1f MB\n", size_of(path_) / 1e6,
                static_cast<double>(points_) / 1e6);
    std::fflush(stdout);
    if (auto measured = measure_graphs("at midnight, no ticks", kEnd); !measured) return measured;
    for (int minute = 0; minute < 59; ++minute) {
      auto written = write_minute(kEnd + minutes(minute));
      if (!written) return written;
    }
    auto measured = measure_graphs("59 ticks of the open hour", kEnd + minutes(59));
    if (!measured) return measured;
    auto put = writer_.commit([&] { return put_minute(kEnd + minutes(59)); });
    return put ? measure_settle("an hour's chunks", kEnd + hours(1)) : put;
  }

 private:
  // As one transaction, where the server makes one a minute: that would take days.
  Result<void> fill_hour(Seconds hour) {
    return writer_.commit([&]() -> Result<void> {
      for (int minute = 0; minute < 60; ++minute) {
        if (auto written = put_minute(hour + minutes(minute)); !written) return written;
      }
      return settle(hour + hours(1));
    });
  }
  Result<void> put_minute(Seconds minute) {
    const Tick& tick = mesh_.minute(minute == std::chrono::floor<hours>(minute));
    return write_tick(database_, minute, history::encode_tick(tick));
  }
  Result<void> settle(Seconds now) {
    const auto left = settle_history(database_, now, true, {.age = days(90)});
    if (!left) return left.error();
    points_ = *left;
    return {};
  }
  // As the server does it.
  Result<void> write_minute(Seconds minute) {
    return writer_.commit([&]() -> Result<void> {
      if (auto written = put_minute(minute); !written) return written;
      return settle(minute + minutes(1));
    });
  }

  // The last hour of a day: the last of its minutes makes the hour's chunks and the day's.
  Result<void> measure_log(Seconds hour) {
    double sum = 0;
    double most = 0;
    for (int minute = 0; minute < 59; ++minute) {
      const auto logged = writer_.logged_by([&]() -> Result<void> {
        if (auto put = put_minute(hour + minutes(minute)); !put) return put;
        return settle(hour + minutes(minute + 1));
      });
      if (!logged) return logged.error();
      sum += *logged;
      most = std::max(most, *logged);
    }
    std::printf("log of a minute: mean %.1f KB, most %.1f KB\n", sum / 59 / 1e3, most / 1e3);
    if (auto put = writer_.commit([&] { return put_minute(hour + minutes(59)); }); !put) return put;
    return measure_settle("an hour's chunks and a day's", hour + hours(1));
  }
  Result<void> measure_settle(const char* what, Seconds now) {
    const auto begin = Clock::now();
    const auto logged = writer_.logged_by([&] { return settle(now); });
    if (!logged) return logged.error();
    std::printf("log of %s: %.2f MB, in %.0f ms\n", what, *logged / 1e6, milliseconds_since(begin));
    return {};
  }

  struct Graph {
    const char* what = nullptr;
    std::chrono::seconds step{0};
    hours length{0};
  };
  Result<void> measure_graphs(const char* when, Seconds now) {
    std::printf("%s\n", when);
    for (const Graph& graph : {Graph{"a day, minutes", kMinuteStep, hours(24)},
                               Graph{"two days, minutes", kMinuteStep, hours(48)},
                               Graph{"30 days, ten minutes", kLongStep, days(30)},
                               Graph{"90 days, ten minutes", kLongStep, days(90)}}) {
      if (auto measured = measure_graph(graph, now); !measured) return measured;
    }
    return {};
  }
  // Of another node each time.
  Result<void> measure_graph(const Graph& graph, Seconds now) {
    std::vector<double> milliseconds;
    std::vector<double> busy;
    const Seconds from = std::chrono::floor<minutes>(now - graph.length);
    for (std::size_t i = 0; i < kRepeats; ++i) {
      const SeriesKey key{MadeUpMesh::name_of(static_cast<int>(i * 37) % size_.nodes),
                          i % 2 == 0 ? mesh::Layer::kPod : mesh::Layer::kHost};
      const auto begin = Clock::now();
      const double busy_before = milliseconds_busy();
      const auto points =
          read_history(database_, key, graph.step,
                       Seconds(from.time_since_epoch() / graph.step * graph.step), now);
      busy.push_back(milliseconds_busy() - busy_before);
      milliseconds.push_back(milliseconds_since(begin));
      if (!points) return points.error();
      if (std::ranges::none_of(*points, &Point::is_measured)) {
        return Error("there is no history of " + key.node);
      }
    }
    std::ranges::sort(milliseconds);
    std::ranges::sort(busy);
    constexpr std::size_t kLast = kRepeats * 99 / 100;
    std::printf("  %-21s p50 %6.2f ms, p99 %6.2f ms, of the processor p99 %6.2f ms\n", graph.what,
                milliseconds[kRepeats / 2], milliseconds[kLast], busy[kLast]);
    std::fflush(stdout);
    return {};
  }

  store::Connection& database_;
  const std::string path_;
  const Size size_;
  Writer writer_;
  MadeUpMesh mesh_;
  std::uint64_t points_ = 0;
};

Result<void> run(const std::string& path, const Size& size) {
  for (const char* end : {"", "-wal", "-shm"}) std::remove((path + end).c_str());
  auto database = store::Connection::open(path);
  if (!database) return database.error();
  if (auto made = update_schema(*database); !made) return made;
  return Bench(*database, path, size).run();
}

}  // namespace
}  // namespace meshcheck::server

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: history_bench DIRECTORY [NODES] [DAYS]\n");
    return 2;
  }
  meshcheck::server::Size size;
  if (argc > 2) size.nodes = std::atoi(argv[2]);
  if (argc > 3) size.days = std::atoi(argv[3]);
  const auto done = meshcheck::server::run(std::string(argv[1]) + "/history.db", size);
  if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
  return done ? 0 : 1;
}
