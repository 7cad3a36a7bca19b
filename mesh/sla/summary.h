// The summary of a step of a range: its times after muting, its availability, its state.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/sla/downtime.h"
#include "mesh/sla/timers.h"

namespace meshcheck::sla {

// up + down + unknown + muted + nodata is the length of the summarized time.
struct Summary {
  Timers timers;
  Milliseconds muted{0};
  Milliseconds nodata{0};

  Summary& operator+=(const Summary& other);
  friend bool operator==(const Summary&, const Summary&) = default;
};

// The union of some downtimes, so that two that overlap mute no time twice.
class MutedTime {
 public:
  MutedTime() = default;
  explicit MutedTime(std::span<const Downtime* const> downtimes);

  bool empty() const { return stretches_.empty(); }
  bool touches(Seconds from, Seconds to) const { return overlap(from, to) > Milliseconds(0); }
  Milliseconds overlap(Seconds from, Seconds to) const;

 private:
  struct Stretch {
    Seconds start;
    Seconds end;
  };
  std::vector<Stretch> stretches_;  // Sorted, apart from each other.
};

// An episode or a rollup of `length` of which `overlap` is muted: that much of its unknown time,
// then of its down time, then of its time without data becomes muted. Up time never does.
Summary summarize(const Timers& timers, Milliseconds length, Milliseconds overlap);

// (up + muted) / (up + muted + down), 0 to 1; nothing if all of it is 0: unknown time and time
// without data say nothing.
std::optional<double> availability(const Summary& summary);

// How much of the down time that a target allows was used.
struct ErrorBudget {
  Milliseconds allowed{0};  // Of (up + muted + down).
  Milliseconds used{0};
  Milliseconds left() const { return allowed - used; }  // Negative: overdrawn.
};
// `target`: 0 to 1, as 0.999.
ErrorBudget error_budget(const Summary& summary, double target);

enum class StepState : std::uint8_t {
  kNoData,
  kUnknown,
  kUp,
  kDown,
  kDownWithoutBreach,  // Down, but the step's availability keeps the target.
  kMaintenance,        // It would have been down or unknown, and a downtime explains it.
  kInfrastructureMaintenance,
  kInfrastructureAccident,
  kAccident,
};
// "no_data", "unknown", "up", "down", "down_without_sla_breach", "was_maintenance", ...
std::string_view text(StepState state);

struct StepVerdict {
  StepState state = StepState::kNoData;
  const Downtime* downtime =
      nullptr;  // The one that mutes most of it; of kDown an Accident, if any.
};
struct StepQuestion {
  Summary summary;
  Seconds from;
  Seconds to;
  double target = 0.999;
};
// `downtimes`: all that overlap the step and affect the probe; `muting`: those of them that the
// question mutes.
StepVerdict judge(const StepQuestion& question, std::span<const Downtime* const> downtimes,
                  std::span<const Downtime* const> muting);

}  // namespace meshcheck::sla
