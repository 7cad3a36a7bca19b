#include "lib/store/worker.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <future>
#include <optional>

#include "lib/testing/temporary_directory.h"

namespace meshcheck::store {
namespace {

using namespace std::chrono_literals;

Result<void> insert(Connection& database, int number) {
  auto statement = database.cached("INSERT INTO t VALUES (?)");
  if (!statement) return statement.error();
  return (*statement)->bind_all(number).run();
}

class WorkerTest : public testing::Test {
 protected:
  WorkerTest() : deadline_(loop_, [this] { give_up(); }) { deadline_.start(30s); }

  void give_up() {
    ADD_FAILURE() << "a job is not done after 30 s";
    loop_.stop();
  }
  Connection open() {
    auto database = Connection::open(directory_.file("mesh.db"));
    EXPECT_TRUE(database) << database.error().message();
    EXPECT_TRUE(database->exec("CREATE TABLE IF NOT EXISTS t (n INTEGER UNIQUE)"));
    return *std::move(database);
  }
  void start(Worker::Options options = {}) { worker_.emplace(loop_, open(), options); }

  // Notes the outcome in outcomes_: "ok" or the error.
  bool submit(std::function<Result<void>(Connection&)> run) {
    const bool taken =
        worker_->submit({std::move(run), [this](const Result<void>& result) {
                           outcomes_.push_back(result ? "ok" : result.error().message());
                           if (outcomes_.size() == awaited_) loop_.stop();
                         }});
    awaited_ += taken ? 1 : 0;
    return taken;
  }
  bool submit_insert(int number) {
    return submit([number](Connection& database) { return insert(database, number); });
  }
  // Returns when the worker is in the middle of a job, which ends with `hold`: whatever is
  // submitted in between is in one batch.
  void occupy(std::promise<void>& hold) {
    std::promise<void> entered;
    EXPECT_TRUE(submit([&entered, released = hold.get_future().share()](Connection&) {
      entered.set_value();
      released.wait();
      return Result<void>();
    }));
    entered.get_future().wait();
  }
  std::vector<std::string> wait() {
    if (outcomes_.size() < awaited_) loop_.run();
    awaited_ = 0;
    return std::exchange(outcomes_, {});
  }
  std::vector<std::int64_t> rows() {
    std::vector<std::int64_t> rows;
    EXPECT_TRUE(submit([&rows](Connection& database) -> Result<void> {
      auto statement = database.prepare("SELECT n FROM t ORDER BY rowid");
      while (*statement->step()) rows.push_back(statement->int64(0));
      return {};
    }));
    wait();
    return rows;
  }

  TemporaryDirectory directory_;
  uv::Loop loop_;
  uv::Timer deadline_;
  std::vector<std::string> outcomes_;
  std::size_t awaited_ = 0;
  std::optional<Worker> worker_;
};

TEST_F(WorkerTest, RunsJobsInOrder) {
  start();
  std::vector<std::int64_t> expected;
  for (int i = 0; i < 500; ++i) {
    expected.push_back(i);
    EXPECT_TRUE(submit_insert(i));
  }
  EXPECT_EQ(wait(), std::vector<std::string>(500, "ok"));
  EXPECT_EQ(rows(), expected);
  EXPECT_EQ(worker_->counters().waiting, 0U);
  EXPECT_GT(worker_->counters().last_commit, 0ns);
}

TEST_F(WorkerTest, CommitsAllThatWaitAtOnce) {
  start();
  std::promise<void> hold;
  occupy(hold);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(submit_insert(i));
  EXPECT_EQ(worker_->counters().waiting, 6U);
  hold.set_value();
  EXPECT_EQ(wait(), std::vector<std::string>(6, "ok"));
  EXPECT_EQ(worker_->counters().batches, 2U);
  EXPECT_EQ(worker_->counters().jobs, 6U);
}

TEST_F(WorkerTest, UndoesOnlyTheJobThatFails) {
  start();
  std::promise<void> hold;
  occupy(hold);
  EXPECT_TRUE(submit_insert(1));
  EXPECT_TRUE(submit([](Connection& database) -> Result<void> {
    static_cast<void>(insert(database, 2));
    return Error("changed my mind");
  }));
  EXPECT_TRUE(submit_insert(3));
  hold.set_value();
  EXPECT_EQ(wait(), (std::vector<std::string>{"ok", "ok", "changed my mind", "ok"}));
  EXPECT_EQ(rows(), (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(worker_->counters().failures, 1U);
}

TEST_F(WorkerTest, RefusesJobsBeyondItsBound) {
  start({.jobs_max = 3});
  std::promise<void> hold;
  occupy(hold);
  EXPECT_TRUE(submit_insert(1));
  EXPECT_TRUE(submit_insert(2));
  EXPECT_FALSE(submit_insert(3));
  EXPECT_EQ(worker_->counters().refused, 1U);
  hold.set_value();
  EXPECT_EQ(wait().size(), 3U);
  EXPECT_TRUE(submit_insert(3));
  wait();
}

// A limit on file sizes stands for a full disk: the write fails in the same place.
TEST_F(WorkerTest, FailsTheWholeBatchWhenTheDiskIsFull) {
  start();
  std::promise<void> hold;
  occupy(hold);
  const std::string full =
      directory_.file("mesh.db") +
      ": disk I/O error; check the volume for a quota, a size limit or a broken disk";
  EXPECT_TRUE(submit_insert(1));
  EXPECT_TRUE(submit([](Connection& database) {
    return database.exec("CREATE TABLE big AS SELECT zeroblob(100000) AS b");
  }));
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 64U << 10U, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  hold.set_value();
  const auto outcomes = wait();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(outcomes, (std::vector<std::string>{"ok", full, full}));
  EXPECT_EQ(rows(), std::vector<std::int64_t>());
  EXPECT_TRUE(submit_insert(2));
  EXPECT_EQ(wait(), std::vector<std::string>{"ok"});
}

TEST_F(WorkerTest, GoesOnWithTheRestWhenATransactionIsLost) {
  start();
  std::promise<void> hold;
  occupy(hold);
  EXPECT_TRUE(submit_insert(1));
  // As SQLite does by itself when a statement fails in the middle of writing.
  EXPECT_TRUE(submit([](Connection& database) -> Result<void> {
    static_cast<void>(database.exec("ROLLBACK"));
    return Error("lost");
  }));
  EXPECT_TRUE(submit_insert(3));
  hold.set_value();
  EXPECT_EQ(wait(), (std::vector<std::string>{"ok", "lost", "lost", "ok"}));
  EXPECT_EQ(rows(), std::vector<std::int64_t>{3});
}

TEST_F(WorkerTest, FinishesWhatWasSubmittedBeforeItIsDestroyed) {
  start();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(submit_insert(i));
  worker_.reset();
  EXPECT_EQ(outcomes_.size(), 0U);
  start();
  awaited_ = 0;
  EXPECT_EQ(rows().size(), 100U);
}

TEST_F(WorkerTest, TellsWhatBecameOfAllWhenItIsClosed) {
  start();
  EXPECT_TRUE(submit_insert(1));
  EXPECT_TRUE(submit_insert(1));
  awaited_ = 3;  // The loop does not run, and is not stopped.
  worker_->close();
  ASSERT_EQ(outcomes_.size(), 2U);
  EXPECT_EQ(outcomes_[0], "ok");
  EXPECT_NE(outcomes_[1].find("UNIQUE constraint failed"), std::string::npos) << outcomes_[1];
  EXPECT_FALSE(worker_->submit({[](Connection&) { return Result<void>(); }, nullptr}));
  worker_->close();
  EXPECT_EQ(outcomes_.size(), 2U);
}

TEST_F(WorkerTest, MayBeDestroyedByADoneCallback) {
  start();
  bool called = false;
  EXPECT_TRUE(worker_->submit({[](Connection& database) { return insert(database, 1); },
                               [&](const Result<void>& result) {
                                 EXPECT_TRUE(result);
                                 called = true;
                                 worker_.reset();
                                 loop_.stop();
                               }}));
  EXPECT_TRUE(
      worker_->submit({[](Connection& database) { return insert(database, 2); },
                       [](const Result<void>&) { ADD_FAILURE() << "done after the end"; }}));
  loop_.run();
  EXPECT_TRUE(called);
  start();
  EXPECT_EQ(rows().size(), 2U);
}

}  // namespace
}  // namespace meshcheck::store
