// What doc/operate/storage.md promises about kill -9, on a real process.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "lib/store/worker.h"
#include "lib/testing/temporary_directory.h"

namespace meshcheck::store {
namespace {

// Keeps the worker busy with numbered rows and writes each number to `acknowledged` once its job is
// done, until somebody kills the process.
[[noreturn]] void write_for_ever(const std::string& path, int acknowledged) {
  constexpr int kJobsInFlight = 16;
  uv::Loop loop;
  auto database = Connection::open(path);
  if (!database || !database->exec("CREATE TABLE IF NOT EXISTS t (n INTEGER)")) _exit(1);
  Worker worker(loop, *std::move(database), {});
  std::int64_t next = 0;
  std::function<void()> submit_next = [&] {
    const std::int64_t number = next++;
    const bool taken =
        worker.submit({[number](Connection& in) -> Result<void> {
                         auto insert = in.cached("INSERT INTO t VALUES (?)");
                         if (!insert) return insert.error();
                         return (*insert)->bind_all(number).run();
                       },
                       [&submit_next, number, acknowledged](const Result<void>& result) {
                         if (!result) _exit(2);
                         if (write(acknowledged, &number, sizeof number) < 0) {
                           _exit(3);
                         }
                         submit_next();
                       }});
    if (!taken) _exit(4);
  };
  for (int i = 0; i < kJobsInFlight; ++i) submit_next();
  loop.run();
  _exit(5);
}

// Returns the last number that a child acknowledged before it was killed.
std::int64_t kill_in_the_middle(const std::string& path, std::int64_t rows) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) write_for_ever(path, ends[1]);
  close(ends[1]);
  std::int64_t last = -1;
  while (last < rows && read(ends[0], &last, sizeof last) == sizeof last) {
  }
  kill(child, SIGKILL);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "exited with " << WEXITSTATUS(status);
  while (read(ends[0], &last, sizeof last) == sizeof last) {
  }
  close(ends[0]);
  return last;
}

TEST(CrashTest, LosesNothingAcknowledgedToKillNine) {
  for (const std::int64_t rows : {1, 50, 300}) {
    const TemporaryDirectory directory;
    const std::string path = directory.file("mesh.db");
    const std::int64_t last = kill_in_the_middle(path, rows);
    auto database = Connection::open(path);
    ASSERT_TRUE(database) << database.error().message();
    auto check = database->prepare("PRAGMA integrity_check");
    ASSERT_TRUE(*check->step());
    EXPECT_EQ(check->text(0), "ok");
    auto count = database->prepare("SELECT count(*), max(n) FROM t");
    ASSERT_TRUE(*count->step());
    EXPECT_GE(count->int64(1), last);
    EXPECT_EQ(count->int64(0), count->int64(1) + 1) << "a row is missing in the middle";
  }
}

}  // namespace
}  // namespace meshcheck::store
