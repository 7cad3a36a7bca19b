// A check of a probe: looks once, and returns a result.
#pragma once

#include <functional>
#include <string>

#include "mesh/sla/status.h"

namespace meshcheck::checks {

struct CheckResult {
  sla::Status status = sla::Status::kUnknown;
  std::string reason;  // One sentence for a person, at most 300 bytes; empty when it is up.
};

// Belongs to its loop's thread and may be started again once it is done. Its runner bounds the run:
// it calls cancel() when the time is up and takes timed_out() for the result. The check has to
// clean up what a cancelled run left behind (an object, a process), at once or in its next run.
class Check {
 public:
  using OnDone = std::function<void(CheckResult)>;

  Check() = default;
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;
  // Silences it, also inside `on_done`.
  virtual ~Check() = default;

  // `on_done` is called once and later, unless it is cancelled before.
  virtual void start(OnDone on_done) = 0;
  virtual void cancel() = 0;
  // The result of a run whose time is up, asked before cancel().
  virtual CheckResult timed_out() const { return {sla::Status::kDown, "it took too long"}; }
};

}  // namespace meshcheck::checks
