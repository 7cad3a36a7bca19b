// How long questions about the SLA take on a database of a year, and how large that is.
// Usage: sla_range_bench DIRECTORY [GROUPS] [PROBES]; writes DIRECTORY/sla.db. Prints a table.
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "server/sla_answer.h"

namespace meshcheck::server {
namespace {

constexpr int kDays = 365;
constexpr int kRepeats = 200;
constexpr sla::Seconds kEnd{std::chrono::seconds(1'795'219'200)};  // A midnight.

std::string group_name(int group) {
  return "group-" + std::to_string(group);
}

// One day in ten has trouble: an hour in which each rollup is another.
sla::Day make_day(std::mt19937& random) {
  sla::Day day;
  day.rollups.fill({.up = sla::kRollupLength, .down = {}, .unknown = {}});
  if (random() % 10 != 0) return day;
  const std::size_t begin = random() % (sla::Day::kRollups - 12);
  for (std::size_t i = begin; i < begin + 12; ++i) {
    const sla::Milliseconds down(200 * (random() % 1500));
    day.rollups.at(i) = {.up = sla::kRollupLength - down, .down = down, .unknown = {}};
  }
  return day;
}

Result<void> fill(store::Database& database, int groups, int probes) {
  if (auto made = database.exec(std::string(kSlaTables)); !made) return made;
  std::mt19937 random(1);
  const sla::DayNumber end = sla::day_of(kEnd);
  for (sla::DayNumber number = end - kDays; number < end; ++number) {
    std::vector<SlaDayChange> days;
    for (int group = 0; group < groups; ++group) {
      for (int probe = 0; probe < probes; ++probe) {
        days.push_back(
            {{group_name(group), "probe-" + std::to_string(probe)}, number, make_day(random)});
      }
    }
    auto transaction = store::Transaction::begin(database);
    if (!transaction) return transaction.error();
    if (auto written = write_days(database, days, {}); !written) return written;
    if (auto committed = transaction->commit(); !committed) return committed;
  }
  return database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

struct Question {
  const char* what;
  std::chrono::hours length;
  std::chrono::seconds step;
  bool one_group = true;
  bool muted = false;
};

SlaAnswer answer_to(const Question& question, int group) {
  SlaAnswer answer;
  answer.query.range = sla::align(kEnd - question.length, kEnd, question.step);
  if (question.one_group) answer.query.group = group_name(group);
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

void measure(store::Database& database, const Question& question, int groups) {
  std::vector<double> milliseconds;
  std::size_t size = 0;
  for (int i = 0; i < kRepeats; ++i) {
    SlaAnswer answer = answer_to(question, i % groups);
    const auto begin = Clock::now();
    const auto read = read_histories(database, answer.selection(), answer.histories);
    const http::Response response = answer.response();
    const std::chrono::duration<double, std::milli> taken = Clock::now() - begin;
    if (!read || response.status != 200) std::abort();
    milliseconds.push_back(taken.count());
    size = response.body.size();
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  std::printf("%-48s p50 %7.2f ms  p99 %7.2f ms  %8zu octets\n", question.what,
              milliseconds[kRepeats / 2], milliseconds[kRepeats * 99 / 100], size);
}

int run(const std::string& path, int groups, int probes) {
  auto database = store::Database::open(path);
  if (!database) return 1;
  const auto begin = Clock::now();
  if (auto filled = fill(*database, groups, probes); !filled) {
    std::fprintf(stderr, "%s\n", filled.error().message().c_str());
    return 1;
  }
  const std::chrono::duration<double> taken = Clock::now() - begin;
  struct stat status {};
  stat(path.c_str(), &status);
  std::printf("%d days of %d groups of %d probes: %.1f MB, written in %.1f s\n", kDays, groups,
              probes, static_cast<double>(status.st_size) / 1e6, taken.count());
  using std::chrono::hours;
  for (const Question& question :
       {Question{"30 days of a group, steps of a day", hours(720), hours(24)},
        Question{"the same, ten downtimes", hours(720), hours(24), true, true},
        Question{"30 days of a group, one total", hours(720), hours(720)},
        Question{"30 days of all groups, one total", hours(720), hours(720), false},
        Question{"7 days of a group, steps of an hour", hours(168), hours(1)},
        Question{"365 days of a group, one total", hours(24 * 360), hours(24 * 360)}}) {
    measure(*database, question, groups);
  }
  return 0;
}

}  // namespace
}  // namespace meshcheck::server

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: sla_range_bench DIRECTORY [GROUPS] [PROBES]\n");
    return 2;
  }
  const int groups = argc > 2 ? std::atoi(argv[2]) : 20;
  const int probes = argc > 3 ? std::atoi(argv[3]) : 30;
  return meshcheck::server::run(std::string(argv[1]) + "/sla.db", groups, probes);
}
