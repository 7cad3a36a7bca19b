// An agent's record of its checks' results, cut into episodes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/time.h"
#include "mesh/sla/episode.h"
#include "mesh/sla/status.h"

namespace meshcheck::sla {

// Pure: the caller passes results and times of the wall clock. A result counts from the tick (200
// ms) it came in until the next one of its check, but not longer than the check's `valid_for`; then
// there is no data. A probe's tick is the worse of its checks', a group's the worse of its probes'.
// When the clock jumps ahead nothing is invented, and when it jumps back the episode begins anew.
class Recorder {
 public:
  struct Check {
    ProbeRef ref;  // Several checks may share one.
    Milliseconds valid_for{0};
  };
  // Of a check since the program began.
  struct Counters {
    std::uint64_t checks = 0;
    std::uint64_t successes = 0;
    Milliseconds unavailable{0};  // Time down, in whole ticks.
  };

  explicit Recorder(std::vector<Check> checks);

  // `check` is an index into the constructor's list. advance() returns the episodes that ended.
  void record(std::size_t check, Status status, WallTime now);
  // The episodes that have ended, with one for each group's total, oldest first. Episodes without
  // data are left out. To be called once a second or so.
  std::vector<Episode> advance(WallTime now);

  // In the order of their names; totals count no checks.
  const std::map<ProbeRef, Counters>& counters() const { return counters_; }

 private:
  static constexpr std::size_t kTicks =
      static_cast<std::size_t>(Milliseconds(kEpisodeLength) / kTick);
  using Series = std::array<Status, kTicks>;
  using Tick = std::int64_t;  // Ticks since 1970.

  struct CheckState {
    Check check;
    std::size_t probe = 0;
    Status status = Status::kNoData;
    Tick valid_until = 0;  // The first tick it does not count for any more.
  };
  struct Probe {
    ProbeRef ref;
    std::vector<std::size_t> checks;
    Series series{};
    std::uint64_t checks_made = 0;  // In this episode.
    std::uint64_t successes = 0;
  };

  void advance_to(Tick now);
  void fill(Tick begin, Tick end);
  Status status_at(const Probe& probe, Tick tick) const;
  void end_episode();
  static Timers timers_of(const Series& series);

  std::vector<CheckState> checks_;
  std::vector<Probe> probes_;  // Sorted by ref: groups are together.
  std::map<ProbeRef, Counters> counters_;
  std::optional<Tick> cursor_;  // The first tick that is not filled.
  std::vector<Episode> ended_;
};

}  // namespace meshcheck::sla
