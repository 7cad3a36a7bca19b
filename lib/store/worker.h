// The thread that talks to the database, so that no loop ever waits for a disk.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "lib/store/connection.h"
#include "lib/uv/loop.h"
#include "lib/uv/mailbox.h"
#include "lib/uv/timer.h"

namespace meshcheck::store {

// One caller's work on the database.
struct Job {
  // On the worker's thread. Its changes are undone when it returns an error. Owns what it needs: it
  // may run after its submitter is gone.
  std::function<Result<void>(Connection&)> run;
  // On the home loop, exactly once; success means that the changes of `run` are on disk. May be
  // empty. May submit more jobs and may destroy the Worker.
  std::function<void(Result<void>)> done;
};

// Jobs run in order. All that wait when the worker looks run in one transaction, each in a
// savepoint, so that a burst costs one fsync and a job that fails takes no other with it; but a
// commit that fails (a full disk) fails all of its batch. Everything but `run` belongs to the
// thread of the home loop, which outlives the Worker. Bound: `jobs_max` jobs are submitted and not
// yet done.
class Worker {
 public:
  struct Options {
    // A larger value rides out a slower disk and holds more memory and more unanswered requests.
    std::size_t jobs_max = 1024;
  };
  struct Counters {
    std::uint64_t batches = 0;
    std::uint64_t jobs = 0;          // Jobs that have ended, failed ones included.
    std::uint64_t failures = 0;      // Jobs that failed, by themselves or with their batch.
    std::uint64_t refused = 0;       // Jobs that submit() refused.
    std::uint64_t written_anew = 0;  // How often the database had been deleted.
    std::size_t waiting = 0;         // Submitted, not yet done.
    std::chrono::nanoseconds last_commit{0};  // How long the last COMMIT took: the disk's health.
  };

  Worker(uv::Loop& home, Connection database, Options options);
  // As close(), but `done` is not called any more.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // False when `jobs_max` are waiting, and once it is closed; then neither function of the job is
  // ever called.
  [[nodiscard]] bool submit(Job job);

  // Finishes all submitted jobs, however long the disk takes, and calls their `done`. For the end,
  // when the home loop does not run any more.
  void close();

  Counters counters() const;

 private:
  using Run = std::function<Result<void>(Connection&)>;
  void end();
  void take(Run run);
  void run_batch();
  void finish(Result<void> result);

  // Of the home thread.
  const std::size_t jobs_max_;
  std::deque<std::function<void(Result<void>)>> waiting_;
  std::uint64_t refused_ = 0;
  // worker -> home
  uv::Mailbox<Result<void>> results_;

  // Of the worker's thread while it runs.
  Connection database_;
  std::vector<Run> batch_;
  std::atomic<std::uint64_t> batches_{0};
  std::atomic<std::uint64_t> jobs_done_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::uint64_t> written_anew_{0};
  std::atomic<std::int64_t> last_commit_ns_{0};
  uv::Loop loop_;
  uv::Timer batch_timer_;
  // home -> worker; an empty function is the end.
  uv::Mailbox<Run> jobs_;
  std::thread thread_;
};

}  // namespace meshcheck::store
