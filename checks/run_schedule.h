// When each check runs, and which status its result counts as: the pure part of the runner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/base/time.h"
#include "mesh/sla/check_spec.h"
#include "mesh/sla/status.h"

namespace meshcheck::checks {

// Each check is due once in its period, from an offset of its own within it, so that not all run at
// once. A run never overlaps the one before: while that goes on, turns are skipped and counted, and
// not made up for. Reads no clock; the caller runs the checks.
class RunSchedule {
 public:
  struct Timing {
    sla::Milliseconds period{0};
    sla::Milliseconds timeout{0};
    sla::Milliseconds grace{0};
  };
  struct Counters {
    std::uint64_t runs = 0;     // Runs that ended with a result.
    std::uint64_t skipped = 0;  // Turns of a check whose last run was still going.
    std::uint64_t lagged = 0;  // Failures that count as unknown, since the program itself was late.
  };
  // A turn of the loop that is later than this shows that the program was held up.
  static constexpr sla::Milliseconds kLagMax{1000};
  static constexpr sla::Milliseconds kBeatPeriod{250};

  RunSchedule(const std::vector<Timing>& timings, std::uint64_t seed, Clock::time_point now);

  // A disabled check has no turns; its run, if there is one, is forgotten.
  void enable(std::size_t check, bool enabled, Clock::time_point now);
  // Whether it was enabled last.
  bool enabled(std::size_t check) const { return items_[check].enabled; }

  // To be called each kBeatPeriod: a late call shows that everything was late.
  void beat(Clock::time_point now);
  // The checks whose turn it is, which run from now on.
  std::vector<std::size_t> take_due(Clock::time_point now);
  // The running checks whose time is up, which the caller ends.
  std::vector<std::size_t> overdue(Clock::time_point now) const;
  // When to call the two above next; nothing if no check is enabled.
  std::optional<Clock::time_point> wake_at() const;

  // A run has ended: returns the status that its result counts as. Down counts as unknown until it
  // has lasted for the grace, and when the program was held up during the run. REQUIRES: it is
  // running.
  sla::Status end(std::size_t check, sla::Status found, Clock::time_point now);

  const Counters& counters() const { return counters_; }

 private:
  struct Item {
    Timing timing;
    bool enabled = false;
    Clock::duration offset{};                    // Of its first turn.
    Clock::time_point due;                       // Its next turn.
    std::optional<Clock::time_point> began;      // Of the run that goes on.
    std::optional<Clock::time_point> down_from;  // The first failure since it was up.
  };

  std::vector<Item> items_;
  std::optional<Clock::time_point> last_beat_;
  std::optional<Clock::time_point> lagged_;  // When lag was last seen.
  Counters counters_;
};

}  // namespace meshcheck::checks
