// One agent's view of one path: which probes came back, how fast, and whether it works.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/time.h"

namespace meshcheck::mesh {

// kUnknown: too little is known, or the agent itself was starved. kDegraded: up, and loses probes.
enum class PathState : std::uint8_t { kUnknown, kUp, kDegraded, kDown };
inline constexpr std::array kPathStates = {PathState::kUnknown, PathState::kUp,
                                           PathState::kDegraded, PathState::kDown};
std::string_view text(PathState state);  // "unknown", "up", "degraded", "down".
std::optional<PathState> parse_path_state(std::string_view text);

// A path in a report. Counts and times are of the last minute, without probes that are still under
// way.
struct PathSummary {
  struct RoundTrips {
    std::chrono::microseconds p50{0};
    std::chrono::microseconds p90{0};
    std::chrono::microseconds p99{0};
    std::chrono::microseconds max{0};
    friend bool operator==(const RoundTrips&, const RoundTrips&) = default;
  };

  PathState state = PathState::kUnknown;
  std::chrono::milliseconds state_age{0};
  std::optional<std::chrono::milliseconds> answer_age;  // Nothing: never answered.
  std::uint32_t sent = 0;                               // Answered or lost.
  std::uint32_t lost = 0;
  // Of `lost`, those whose direction is known; together at most `lost`.
  std::uint32_t lost_forward = 0;
  std::uint32_t lost_backward = 0;
  std::uint32_t late = 0;  // Answered, but after the timeout.
  std::uint32_t duplicated = 0;
  std::uint32_t reordered = 0;
  std::optional<RoundTrips> round_trips;  // Nothing: no answer with a time. A loss has none.
  // Mean of |ipdv| between probes that follow each other (RFC 3393 section 4), in each direction.
  std::optional<std::chrono::microseconds> jitter_forward;
  std::optional<std::chrono::microseconds> jitter_backward;
  // Why the last lost probe failed, such as "connection refused", or did not leave; or empty.
  std::string error;

  friend bool operator==(const PathSummary&, const PathSummary&) = default;
};

// Over a path's life; the sums over all paths of an agent are its counters.
struct PathTotals {
  std::uint64_t sent = 0;  // Answered or lost, as all below.
  std::uint64_t lost = 0;  // A late answer takes its loss back.
  std::uint64_t lost_forward = 0;
  std::uint64_t lost_backward = 0;
  std::uint64_t late = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t voided = 0;  // Not judged: the agent was starved while they were under way.

  PathTotals& operator+=(const PathTotals& other);
  friend bool operator==(const PathTotals&, const PathTotals&) = default;
};

// All counts of PathTotals, with their names in JSON.
struct PathCount {
  std::string_view name;
  std::uint64_t PathTotals::*value;
};
inline constexpr std::array<PathCount, 8> kPathCounts = {{
    {"sent", &PathTotals::sent},
    {"lost", &PathTotals::lost},
    {"lost_forward", &PathTotals::lost_forward},
    {"lost_backward", &PathTotals::lost_backward},
    {"late", &PathTotals::late},
    {"duplicated", &PathTotals::duplicated},
    {"reordered", &PathTotals::reordered},
    {"voided", &PathTotals::voided},
}};

// The caller reports each probe and asks for the state. Keeps every probe of the last minute, so
// that all results are exact, at 32 bytes each and `probes_max` at most; with more probes in a
// minute the results cover less time. Reads no clock; one thread.
class Path {
 public:
  struct Options {
    Clock::duration interval = std::chrono::seconds(1);  // Between probes; sizes the memory.
    Clock::duration timeout = std::chrono::seconds(1);   // Without an answer by then, it is lost.
    std::size_t probes_max = 640;
    // Down after `down_after` losses in a row. Up again, or degraded as before, after `up_after`
    // answers in a row. From unknown, one answer is enough.
    std::uint32_t down_after = 3;
    std::uint32_t up_after = 2;
    // Degraded when this share of the last minute's probes is lost, and at least
    // `degraded_lost_min`; up again below half of the share.
    double degraded_loss = 0.05;
    std::uint32_t degraded_lost_min = 3;
    // Unknown after this many intervals without a result.
    std::uint32_t silent_intervals_max = 5;
  };

  // How a probe was answered.
  struct Answer {
    std::uint64_t sequence = 0;
    // From the probe's leaving to the answer's coming; decides whether it is late.
    std::chrono::nanoseconds elapsed{0};
    // The measured round trip; nothing if a clock was set meanwhile.
    std::optional<std::chrono::nanoseconds> round_trip;
    // With an offset between two clocks, unknown and the same for all answers; 0 if not measured.
    std::optional<std::chrono::nanoseconds> forward_delay;
    std::optional<std::chrono::nanoseconds> backward_delay;
  };

  Path(const Options& options, Clock::time_point now);

  // A probe left. Sequences count up by one.
  void sent(std::uint64_t sequence, Clock::time_point now);
  // False if it answers no probe that is remembered. A second answer to a probe is a duplicate.
  bool answered(const Answer& answer, Clock::time_point now);
  // A more exact round trip than the one given to answered(), known later.
  void correct(std::uint64_t sequence, std::chrono::nanoseconds round_trip);
  // How long ago a probe left; nothing if it is not remembered.
  std::optional<Clock::duration> age_of(std::uint64_t sequence, Clock::time_point now) const;
  // The probe is lost for a known reason: a refused connection, an ICMP error.
  void failed(std::uint64_t sequence, std::string_view error, Clock::time_point now);
  // The probe never left this machine, for want of something of its own: it is not judged. While
  // none leaves, the path becomes unknown by its silence, and its error says why.
  void unsent(std::uint64_t sequence, std::string_view error);
  // The losses of known direction over the path's life, as stamp::Sender counts them.
  void set_directions(std::uint64_t lost_forward, std::uint64_t lost_backward);

  // Probes whose time is up are lost. To be called a few times a second, after all waiting answers
  // were read.
  void tick(Clock::time_point now);
  // Probes under way are not judged.
  void void_pending();
  // The agent did not run for a while: void_pending(), and unknown until new results come.
  void starved(Clock::time_point now);

  PathState state() const { return state_; }
  Clock::time_point state_since() const { return state_since_; }
  PathTotals totals() const { return totals_; }
  PathSummary summary(Clock::time_point now) const;

 private:
  enum class Outcome : std::uint8_t { kPending, kAnswered, kLate, kLost, kVoid };
  struct Probe {
    Clock::time_point sent;
    std::uint32_t round_trip_us = kNone;
    std::uint32_t forward_ipdv_us = kNone;
    std::uint32_t backward_ipdv_us = kNone;
    Outcome outcome = Outcome::kPending;
  };
  // The totals at one moment of the last minute, for counts that no single probe holds.
  struct Mark {
    Clock::time_point at;
    PathTotals totals;
  };
  struct Delays {
    std::uint64_t sequence = 0;
    std::optional<std::chrono::nanoseconds> forward;
    std::optional<std::chrono::nanoseconds> backward;
  };
  struct Losses {
    std::uint32_t sent = 0;
    std::uint32_t lost = 0;
  };
  static constexpr std::uint32_t kNone = 0xffffffff;

  const Probe* find(std::uint64_t sequence) const;
  Probe* find(std::uint64_t sequence);
  void lose(Probe& probe, std::string_view error, Clock::time_point now);
  void take_back(Outcome outcome);
  void note_times(const Answer& answer, Probe& probe);
  Losses losses_since(Clock::time_point begin) const;
  void judge(Clock::time_point now);
  void enter(PathState state, Clock::time_point now);
  void roll_marks(Clock::time_point now);

  Options options_;
  std::vector<Probe> probes_;        // A ring: a probe is at its sequence modulo the size.
  std::uint64_t next_ = 0;           // The next probe's sequence.
  std::uint64_t first_pending_ = 0;  // The oldest that may still be under way.
  std::uint64_t newest_answered_ = 0;
  PathState state_ = PathState::kUnknown;
  Clock::time_point state_since_;
  Clock::time_point judged_from_;  // Losses before do not make it degraded.
  bool degraded_before_ = false;   // It was degraded until its state changed last.
  std::optional<Clock::time_point> last_answer_;
  std::optional<Clock::time_point> last_loss_;
  Clock::time_point last_result_;
  std::uint32_t lost_in_a_row_ = 0;
  std::uint32_t answered_in_a_row_ = 0;
  std::optional<Delays> last_delays_;
  std::vector<Mark> marks_;
  PathTotals totals_;
  std::string error_;
};

}  // namespace meshcheck::mesh
