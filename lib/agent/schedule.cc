#include "lib/agent/schedule.h"

#include <algorithm>
#include <cassert>

namespace meshcheck::agent {

using std::chrono::milliseconds;

Schedule::Options Schedule::Options::for_interval(Clock::duration interval, std::uint32_t seed) {
  return {
      .interval = interval,
      .jitter_max = std::min<Clock::duration>(interval / 20, milliseconds(500)),
      .retry_min = std::clamp<Clock::duration>(interval / 8, milliseconds(100), milliseconds(1000)),
      .retry_max = std::chrono::seconds(30),
      .seed = seed};
}

Schedule::Schedule(Options options, Clock::time_point start)
    : options_(options), start_(start), random_(options.seed) {
  assert(options_.jitter_max < options_.interval);
  plan(0);
}

Clock::duration Schedule::random_up_to(Clock::duration max) {
  return Clock::duration(
      std::uniform_int_distribution<Clock::duration::rep>(0, max.count())(random_));
}

void Schedule::plan(std::int64_t round) {
  round_ = round;
  round_at_ = start_ + round * options_.interval + random_up_to(options_.jitter_max);
}

Schedule::Action Schedule::take(Clock::time_point now) {
  if (now >= round_at_) {
    const std::int64_t current = std::max(round_, (now - start_) / options_.interval);
    rounds_skipped_ += static_cast<std::uint64_t>(current - round_);
    retry_at_.reset();
    failures_ = 0;
    plan(current + 1);
    return Action::kRound;
  }
  if (retry_at_ && now >= *retry_at_) {
    retry_at_.reset();
    return Action::kRetry;
  }
  return Action::kNone;
}

void Schedule::report_failed(Clock::time_point now) {
  Clock::duration delay = options_.retry_min;
  for (int i = 0; i < failures_ && delay < options_.retry_max; ++i) delay *= 2;
  delay = std::min(delay, options_.retry_max);
  delay -= random_up_to(delay / 2);
  ++failures_;
  retry_at_.reset();
  if (now + delay < round_at_) retry_at_ = now + delay;
}

void Schedule::report_accepted() {
  retry_at_.reset();
  failures_ = 0;
}

}  // namespace meshcheck::agent
