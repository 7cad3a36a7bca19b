// Runs checks on a loop and makes episodes of their results.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "checks/check.h"
#include "checks/run_schedule.h"
#include "lib/base/log.h"
#include "lib/uv/loop.h"
#include "lib/uv/timer.h"
#include "mesh/sla/check_spec.h"
#include "mesh/sla/recorder.h"

namespace meshcheck::checks {

// Owns the checks, on the loop's thread. All are disabled at first. A run whose time is up is
// cancelled; changes of a check's status are logged.
class Runner {
 public:
  struct Item {
    sla::CheckSpec spec;
    std::unique_ptr<Check> check;
  };
  struct Options {
    std::uint64_t seed = 0;
    Log log;
    // Called each half minute with the episodes that have ended, oldest first.
    std::function<void(std::vector<sla::Episode>)> on_episodes;
  };

  Runner(uv::Loop& loop, std::vector<Item> items, Options options);

  // Enables the checks that `wanted` returns true for, and disables the others.
  void enable(const std::function<bool(const sla::CheckSpec&)>& wanted);

  const RunSchedule::Counters& counters() const { return schedule_.counters(); }
  const sla::Recorder& recorder() const { return recorder_; }

 private:
  void arm();
  void wake();
  void finish(std::size_t index, const CheckResult& result);
  void note(std::size_t index, sla::Status status, const std::string& reason);

  uv::Loop& loop_;
  std::vector<Item> items_;
  Options options_;
  RunSchedule schedule_;
  sla::Recorder recorder_;
  std::vector<sla::Status> noted_;  // The status of each that was logged last.
  uv::Timer wake_timer_;
  uv::Timer beat_timer_;
  uv::Timer episode_timer_;
};

}  // namespace meshcheck::checks
