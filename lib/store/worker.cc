#include "lib/store/worker.h"

#include <cassert>
#include <span>
#include <utility>

#include "lib/store/transaction.h"

namespace meshcheck::store {
namespace {

using Run = std::function<Result<void>(Connection&)>;

Result<void> run_in_savepoint(Connection& database, const Run& run) {
  auto savepoint = Transaction::begin(database);
  if (!savepoint) return savepoint.error();
  auto result = run(database);
  if (!result) return result;
  return savepoint->commit();
}

// The jobs from `first` on were to be committed together.
void fail_from(std::vector<Result<void>>& results, std::size_t first, const Error& error) {
  for (std::size_t i = first; i < results.size(); ++i) {
    if (results[i]) results[i] = error;
  }
}

// Runs the jobs that have no result yet in one transaction. Returns early, with some left, when
// SQLite gave the transaction up: those that it took with it have failed, the rest may go on.
// How long the commit took.
std::chrono::nanoseconds run_transaction(Connection& database, std::span<const Run> runs,
                                         std::vector<Result<void>>& results) {
  const std::size_t first = results.size();
  auto transaction = Transaction::begin(database);
  if (!transaction) {
    results.resize(runs.size(), transaction.error());
    return std::chrono::nanoseconds(0);
  }
  while (results.size() < runs.size()) {
    results.push_back(run_in_savepoint(database, runs[results.size()]));
    if (database.in_transaction()) continue;
    const Error unknown("the database rolled the transaction back");
    const Error error = results.back() ? unknown : results.back().error();
    fail_from(results, first, error);
    return std::chrono::nanoseconds(0);
  }
  const auto start = Clock::now();
  const auto committed = transaction->commit();
  if (!committed) fail_from(results, first, committed.error());
  return Clock::now() - start;
}

}  // namespace

Worker::Worker(uv::Loop& home, Connection database, Options options)
    : jobs_max_(options.jobs_max),
      results_(home, options.jobs_max, [this](Result<void> result) { finish(std::move(result)); }),
      database_(std::move(database)),
      batch_timer_(loop_, [this] { run_batch(); }),
      jobs_(loop_, options.jobs_max + 1, [this](Run run) { take(std::move(run)); }),
      thread_([this] { loop_.run(); }) {
  assert(options.jobs_max > 0);
}

Worker::~Worker() {
  end();
}

void Worker::close() {
  end();
  results_.deliver();  // `this` may be gone now.
}

void Worker::end() {
  if (!thread_.joinable()) return;
  const bool sent = jobs_.send({});
  assert(sent && "the mailbox has room for the end");
  static_cast<void>(sent);
  thread_.join();
}

bool Worker::submit(Job job) {
  assert(job.run && "an empty function is the end");
  if (waiting_.size() >= jobs_max_ || !thread_.joinable()) {
    ++refused_;
    return false;
  }
  waiting_.push_back(std::move(job.done));
  const bool sent = jobs_.send(std::move(job.run));
  assert(sent && "not more jobs than are waiting");
  static_cast<void>(sent);
  return true;
}

// The mailbox hands over one by one; the timer expires when all that were there have been.
void Worker::take(Run run) {
  if (run) {
    batch_.push_back(std::move(run));
    batch_timer_.start(std::chrono::milliseconds(0));
    return;
  }
  run_batch();
  loop_.stop();
}

void Worker::run_batch() {
  if (batch_.empty()) return;
  const std::vector<Run> runs = std::exchange(batch_, {});
  std::vector<Result<void>> results;
  results.reserve(runs.size());
  const auto is_new = database_.keep_in_place();
  if (is_new && *is_new) ++written_anew_;
  if (!is_new) results.resize(runs.size(), is_new.error());
  while (results.size() < runs.size()) {
    last_commit_ns_ = run_transaction(database_, runs, results).count();
    ++batches_;
  }
  for (Result<void>& result : results) {
    if (!result) ++failures_;
    ++jobs_done_;
    const bool sent = results_.send(std::move(result));
    assert(sent && "not more results than jobs");
    static_cast<void>(sent);
  }
}

void Worker::finish(Result<void> result) {
  const auto done = std::move(waiting_.front());
  waiting_.pop_front();
  if (done) done(std::move(result));  // `this` may be gone now.
}

Worker::Counters Worker::counters() const {
  return {.batches = batches_,
          .jobs = jobs_done_,
          .failures = failures_,
          .refused = refused_,
          .written_anew = written_anew_,
          .waiting = waiting_.size(),
          .last_commit = std::chrono::nanoseconds(last_commit_ns_)};
}

}  // namespace meshcheck::store
