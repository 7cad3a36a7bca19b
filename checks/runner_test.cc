#include "checks/runner.h"

#include <gtest/gtest.h>

#include <optional>

#include "lib/testing/loop.h"

namespace meshcheck::checks {
namespace {

using namespace std::chrono_literals;
using sla::Status;

// Finds what it is told to, a turn of the loop later, or never.
class FakeCheck : public Check {
 public:
  struct Record {
    std::size_t started = 0;
    std::size_t cancelled = 0;
    std::optional<Status> found = Status::kUp;
  };
  FakeCheck(uv::Loop& loop, Record& record)
      : record_(record), timer_(loop, [this] {
          std::exchange(on_done_, {})({*record_.found, ""});
        }) {}

  void start(OnDone on_done) override {
    ++record_.started;
    on_done_ = std::move(on_done);
    if (record_.found) timer_.start(0ms);
  }
  void cancel() override {
    ++record_.cancelled;
    timer_.stop();
  }

 private:
  Record& record_;
  OnDone on_done_;
  uv::Timer timer_;
};

class RunnerTest : public testing::Test {
 protected:
  void run(sla::Milliseconds timeout = 1000ms) {
    std::vector<Runner::Item> items(1);
    items[0].spec = {
        .ref = {"group", "probe"}, .checker = "fake", .period = 200ms, .timeout = timeout};
    items[0].check = std::make_unique<FakeCheck>(loop_, record_);
    runner_.emplace(loop_, std::move(items),
                    Runner::Options{.seed = 1,
                                    .log = Log({.level = Log::Level::kError}),
                                    .on_episodes = [](const auto&) {}});
  }
  void enable(bool enabled) {
    runner_->enable([enabled](const sla::CheckSpec&) { return enabled; });
  }
  sla::Recorder::Counters counters() const {
    return runner_->recorder().counters().at({"group", "probe"});
  }

  uv::Loop loop_;
  FakeCheck::Record record_;
  std::optional<Runner> runner_;
};

TEST_F(RunnerTest, RunsChecksAgainAndAgainAndRecordsThem) {
  run();
  enable(true);
  EXPECT_TRUE(uv::run_until(loop_, [&] { return counters().successes == 2; }));
  record_.found = Status::kDown;
  EXPECT_TRUE(uv::run_until(loop_, [&] { return counters().checks == 4; }));
  EXPECT_EQ(counters().successes, 2U);
  EXPECT_GT(counters().unavailable, 0ms);
}

TEST_F(RunnerTest, EndsARunWhoseTimeIsUp) {
  run(100ms);
  record_.found.reset();
  enable(true);
  EXPECT_TRUE(uv::run_until(loop_, [&] { return counters().checks == 2; }));
  EXPECT_EQ(counters().successes, 0U);
  EXPECT_EQ(record_.cancelled, 2U);
}

TEST_F(RunnerTest, StopsWhatIsDisabledInTheMiddleOfARun) {
  run(60'000ms);
  record_.found.reset();
  enable(true);
  EXPECT_TRUE(uv::run_until(loop_, [&] { return record_.started == 1; }));
  enable(false);
  EXPECT_EQ(record_.cancelled, 1U);
  record_.found = Status::kUp;
  enable(true);
  EXPECT_TRUE(uv::run_until(loop_, [&] { return counters().checks == 1; }));
}

}  // namespace
}  // namespace meshcheck::checks
