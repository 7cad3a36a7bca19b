#include "agent/reporting/schedule.h"

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

Clock::time_point Schedule::wake_at() const {
  return std::min({round_at_, retry_at_.value_or(round_at_), hurry_at_.value_or(round_at_)});
}

Schedule::Action Schedule::take(Clock::time_point now) {
  const bool due = now >= round_at_;
  if (due || (hurry_at_ && now >= *hurry_at_)) {
    if (due) {
      const std::int64_t current = std::max(round_, (now - start_) / options_.interval);
      rounds_skipped_ += static_cast<std::uint64_t>(current - round_);
      plan(current + 1);
    }
    retry_at_.reset();
    hurry_at_.reset();
    failures_ = 0;
    last_round_ = now;
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

void Schedule::hurry(Clock::time_point now) {
  if (!hurry_at_) hurry_at_ = last_round_ ? std::max(now, *last_round_ + kHurryGap) : now;
}

void Schedule::report_accepted() {
  retry_at_.reset();
  failures_ = 0;
}

}  // namespace meshcheck::agent
