// When an agent reports.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "lib/base/time.h"

namespace meshcheck::agent {

// Pure: reads no clock. Round n is due at start + n * interval plus a jitter of at most jitter_max,
// so rounds do not drift however long they take; after a stall the missed ones are skipped instead
// of made up for. A report that failed is retried after a delay that doubles from retry_min to
// retry_max, each time shortened by up to a half at random, and never at or after the next round:
// that one brings a newer report. News may hurry: an extra round, at least kHurryGap after the
// round before.
class Schedule {
 public:
  static constexpr std::chrono::milliseconds kHurryGap{1000};

  struct Options {
    Clock::duration interval{};
    Clock::duration jitter_max{};
    Clock::duration retry_min{};
    Clock::duration retry_max{};
    std::uint32_t seed = 1;

    // Options for an interval: jitter of a twentieth of it, at most 500 ms; retries from an eighth
    // of it, 100 ms to 1 s, up to 30 s.
    static Options for_interval(Clock::duration interval, std::uint32_t seed);
  };
  enum class Action : std::uint8_t { kNone, kRound, kRetry };

  // The first round is due at `start`, plus its jitter.
  Schedule(Options options, Clock::time_point start);

  Clock::time_point round_at() const { return round_at_; }
  std::optional<Clock::time_point> retry_at() const { return retry_at_; }
  Clock::time_point wake_at() const;

  // Returns what is due, which the caller then does. A round takes the place of a retry.
  Action take(Clock::time_point now);
  void report_failed(Clock::time_point now);
  void report_accepted();
  // News for the server: makes a round due as soon as kHurryGap allows.
  void hurry(Clock::time_point now);

  std::uint64_t rounds_skipped() const { return rounds_skipped_; }

 private:
  Clock::duration random_up_to(Clock::duration max);
  void plan(std::int64_t round);

  Options options_;
  Clock::time_point start_;
  std::minstd_rand random_;
  std::int64_t round_ = 0;  // The next one.
  Clock::time_point round_at_;
  std::optional<Clock::time_point> retry_at_;
  std::optional<Clock::time_point> hurry_at_;
  std::optional<Clock::time_point> last_round_;
  int failures_ = 0;  // Of the current report.
  std::uint64_t rounds_skipped_ = 0;
};

}  // namespace meshcheck::agent
