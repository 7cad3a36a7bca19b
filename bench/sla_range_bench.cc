// How long questions about the SLA take on a database of a year, and how large that is.
// Usage: sla_range_bench DIRECTORY [GROUPS] [PROBES]; makes DIRECTORY/sla.db anew, with the store's
// own functions, a day at a time as the server does. Prints a table.
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "lib/store/transaction.h"
#include "server/sla/sla_answer.h"
#include "server/store/schema.h"

namespace meshcheck::server {
namespace {

constexpr int kDays = 365;
constexpr std::size_t kRepeats = 1000;
constexpr std::chrono::seconds kTimeMax{10};  // For one question.
// A midnight, and a multiple of the longest step, so that ranges end with what is known.
constexpr sla::Seconds kEnd{std::chrono::days(20'880)};

struct Size {
  int groups = 20;
  int probes = 30;  // Of each group, its total among them.
};

std::vector<sla::ProbeRef> refs_of(const Size& size) {
  std::vector<sla::ProbeRef> refs;
  for (int group = 0; group < size.groups; ++group) {
    for (int probe = 0; probe < size.probes; ++probe) {
      refs.push_back({"group-" + std::to_string(group),
                      probe == 0 ? std::string(sla::kTotal) : "probe-" + std::to_string(probe)});
    }
  }
  return refs;
}

// Of a stretch of `length`, which is up but for this.
sla::Timers in_trouble(std::mt19937& random, std::chrono::milliseconds length) {
  const auto ticks = static_cast<std::uint32_t>(length / sla::kTick);
  const sla::Milliseconds down = sla::kTick * (1 + random() % (ticks - 1));
  return {.up = length - down, .down = down, .unknown = {}};
}

// Up but for 3 % of the rollups, each with another time down; one day in ten has an hour of outage,
// and one in ten a restart of the agents: a rollup that is partly unknown, and two that nobody saw.
sla::Day make_day(std::mt19937& random) {
  sla::Day day;
  day.rollups.fill({.up = sla::kRollupLength, .down = {}, .unknown = {}});
  for (sla::Timers& rollup : day.rollups) {
    if (random() % 100 < 3) rollup = in_trouble(random, sla::kRollupLength);
  }
  if (random() % 10 == 0) {
    auto* const outage = day.rollups.begin() + random() % (sla::Day::kRollups - 12);
    std::fill_n(outage, 12, sla::Timers{.up = {}, .down = sla::kRollupLength, .unknown = {}});
  }
  if (random() % 10 == 0) {
    auto* const restart = day.rollups.begin() + random() % (sla::Day::kRollups - 3);
    const sla::Timers seen = in_trouble(random, sla::kRollupLength);
    *restart = {.up = seen.up, .down = {}, .unknown = seen.down};
    std::fill_n(restart + 1, 2, sla::Timers());
  }
  return day;
}

Result<void> fill_days(store::Connection& database, const Size& size) {
  std::mt19937 random(1);
  std::vector<sla::SlaDayChange> days;
  for (const sla::ProbeRef& ref : refs_of(size)) days.push_back({ref, 0, {}});
  const sla::DayNumber end = sla::day_of(kEnd);
  for (sla::DayNumber number = end - kDays; number < end; ++number) {
    for (sla::SlaDayChange& change : days) {
      change.number = number;
      change.day = make_day(random);
    }
    auto transaction = store::Transaction::begin(database);
    if (!transaction) return transaction.error();
    if (auto written = write_days(database, days, {}); !written) return written;
    if (auto committed = transaction->commit(); !committed) return committed;
  }
  return database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

// The 25 hours that a server keeps.
Result<void> fill_episodes(store::Connection& database, const Size& size) {
  std::mt19937 random(2);
  const std::vector<sla::ProbeRef> refs = refs_of(size);
  const auto hour = std::chrono::hours(1);
  for (sla::Seconds begin = kEnd - 25 * hour; begin < kEnd; begin += hour) {
    sla::SlaChanges changes;
    for (auto start = begin; start < begin + hour; start += sla::kEpisodeLength) {
      for (const sla::ProbeRef& ref : refs) {
        const bool trouble = random() % 300 == 0;
        const sla::Timers up{.up = sla::kEpisodeLength, .down = {}, .unknown = {}};
        const auto timers = trouble ? in_trouble(random, sla::kEpisodeLength) : up;
        changes.episodes.push_back({.ref = ref, .start = start, .timers = timers});
      }
    }
    auto transaction = store::Transaction::begin(database);
    if (!transaction) return transaction.error();
    if (auto written = write_episodes(database, changes); !written) return written;
    if (auto committed = transaction->commit(); !committed) return committed;
  }
  return database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

struct Question {
  const char* what = nullptr;
  std::chrono::hours length{0};
  std::chrono::seconds step{0};
  bool one_group = true;
  bool one_probe = false;
  bool muted = false;
};

SlaAnswer answer_to(const Question& question, int group) {
  SlaAnswer answer;
  answer.query.range = sla::align(kEnd - question.length, kEnd, question.step);
  if (question.one_group) answer.query.group = "group-" + std::to_string(group);
  if (question.one_probe) answer.query.probe = "probe-1";
  if (question.muted) {
    answer.query.mute = {sla::DowntimeType::kMaintenance};
    for (int day = 1; day < 30; day += 3) {
      const sla::Seconds start = kEnd - std::chrono::hours(24 * day);
      sla::Downtime downtime{.start = start, .end = start + std::chrono::hours(2)};
      answer.downtimes.push_back(std::move(downtime));
    }
  }
  return answer;
}

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// Of this thread, in which it was not waiting for a core.
double milliseconds_busy() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// As the server does it, but for HTTP: what the table holds, what the database has, the answer.
void measure(store::Connection& database, const sla::SlaTable& table, const Question& question,
             const Size& size) {
  std::vector<double> milliseconds;
  std::vector<double> busy;
  std::size_t bytes = 0;
  const auto end = Clock::now() + kTimeMax;
  for (int i = 0; milliseconds.size() < kRepeats && Clock::now() < end; ++i) {
    SlaAnswer answer = answer_to(question, i % size.groups);
    const auto begin = Clock::now();
    const double busy_before = milliseconds_busy();
    answer.histories = table.histories(answer.query.group, answer.query.probe, answer.days());
    const auto read = read_histories(database, answer.selection(), answer.histories);
    const http::Response response = answer.response();
    busy.push_back(milliseconds_busy() - busy_before);
    milliseconds.push_back(milliseconds_since(begin));
    const bool answered = read && *read == SlaReading::kDone && response.status == 200;
    if (!answered) std::abort();
    bytes = response.body.size();
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  std::sort(busy.begin(), busy.end());
  const std::size_t last = milliseconds.size() * 99 / 100;
  std::printf("%-38s p50 %6.2f ms, p99 %6.2f ms, of the processor p99 %6.2f ms, %6zu bytes\n",
              question.what, milliseconds[milliseconds.size() / 2], milliseconds[last], busy[last],
              bytes);
  std::fflush(stdout);
}

void measure_all(store::Connection& database, const sla::SlaTable& table, const Size& size) {
  using std::chrono::hours;
  const hours day(24);
  const hours month = 30 * day;
  for (const Question& question : {
           Question{.what = "30 days of a group, steps of a day", .length = month, .step = day},
           {.what = "the same, ten downtimes", .length = month, .step = day, .muted = true},
           {.what = "30 days of a probe, one total",
           .length = month,
           .step = month,
           .one_probe = true},
           {.what = "30 days of a group, one total", .length = month, .step = month},
           {.what = "30 days of all groups, one total",
           .length = month,
           .step = month,
           .one_group = false},
           {.what = "7 days of a group, steps of an hour", .length = 7 * day, .step = hours(1)},
           {.what = "360 days of a group, one total", .length = 12 * month, .step = 12 * month},
       }) {
    measure(database, table, question, size);
  }
}

void print_size(const std::string& path, const char* what, Clock::time_point begin) {
  struct stat status {};
  stat(path.c_str(), &status);
  std::printf("%s: %.1f MB, written in %.1f s\n", what, static_cast<double>(status.st_size) / 1e6,
              milliseconds_since(begin) / 1e3);
}

Result<void> run(const std::string& path, const Size& size) {
  std::remove(path.c_str());
  auto database = store::Connection::open(path);
  if (!database) return database.error();
  if (auto made = update_schema(*database); !made) return made;
  std::printf("%d groups of %d probes\n", size.groups, size.probes);
  auto begin = Clock::now();
  if (auto filled = fill_days(*database, size); !filled) return filled;
  print_size(path, "365 days", begin);
  begin = Clock::now();
  if (auto filled = fill_episodes(*database, size); !filled) return filled;
  print_size(path, "and 25 hours of episodes", begin);
  sla::SlaTable table({});
  begin = Clock::now();
  if (auto read = read_sla(*database, table, kEnd, [](const Error&) {}); !read) return read;
  std::printf("a start reads the last day in %.1f s\n", milliseconds_since(begin) / 1e3);
  measure_all(*database, table, size);
  return {};
}

}  // namespace
}  // namespace meshcheck::server

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: sla_range_bench DIRECTORY [GROUPS] [PROBES]\n");
    return 2;
  }
  meshcheck::server::Size size;
  if (argc > 2) size.groups = std::atoi(argv[2]);
  if (argc > 3) size.probes = std::atoi(argv[3]);
  const auto done = meshcheck::server::run(std::string(argv[1]) + "/sla.db", size);
  if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
  return done ? 0 : 1;
}
