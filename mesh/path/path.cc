#include "mesh/path/path.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

namespace meshcheck::mesh {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::chrono::seconds kWindow{60};
constexpr std::chrono::seconds kMarkPeriod{10};
constexpr std::array<std::string_view, 4> kStates = {"unknown", "up", "degraded", "down"};

std::size_t ring_size(const Path::Options& options) {
  assert(options.interval > Clock::duration::zero());
  const auto in_window = static_cast<std::size_t>((kWindow + options.timeout) / options.interval);
  return std::clamp<std::size_t>(in_window + 2, 16, options.probes_max);
}

std::uint32_t as_microseconds(nanoseconds time) {
  const auto count = std::chrono::round<microseconds>(time).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, 0xfffffffe));
}

// Loopback takes less than half a microsecond at times, and 0 stands for no time at all.
std::uint32_t as_round_trip(nanoseconds time) {
  return std::max<std::uint32_t>(as_microseconds(time), 1);
}

// The smallest value that at least `share` of them do not exceed. REQUIRES: sorted, not empty.
microseconds quantile(const std::vector<std::uint32_t>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return microseconds(sorted[std::max<std::size_t>(rank, 1) - 1]);
}

struct Mean {
  std::uint64_t sum = 0;
  std::uint32_t count = 0;

  void add(std::uint32_t value) {
    sum += value;
    ++count;
  }
  std::optional<microseconds> value() const {
    if (count == 0) return std::nullopt;
    return microseconds(sum / count);
  }
};

}  // namespace

std::string_view text(PathState state) {
  return kStates[static_cast<std::size_t>(state)];
}

std::optional<PathState> parse_path_state(std::string_view text) {
  const auto position = std::find(kStates.begin(), kStates.end(), text);
  if (position == kStates.end()) return std::nullopt;
  return static_cast<PathState>(position - kStates.begin());
}

PathTotals& PathTotals::operator+=(const PathTotals& other) {
  for (const PathCount& count : kPathCounts) this->*count.value += other.*count.value;
  return *this;
}

Path::Path(const Options& options, Clock::time_point now)
    : options_(options),
      probes_(ring_size(options)),
      state_since_(now),
      judged_from_(now),
      last_result_(now),
      marks_{{.at = now, .totals = {}}} {}

const Path::Probe* Path::find(std::uint64_t sequence) const {
  if (sequence >= next_ || next_ - sequence > probes_.size()) return nullptr;
  return &probes_[sequence % probes_.size()];
}

Path::Probe* Path::find(std::uint64_t sequence) {
  return const_cast<Probe*>(std::as_const(*this).find(sequence));
}

std::optional<Clock::duration> Path::age_of(std::uint64_t sequence, Clock::time_point now) const {
  const Probe* const probe = find(sequence);
  if (probe == nullptr) return std::nullopt;
  return now - probe->sent;
}

void Path::sent(std::uint64_t sequence, Clock::time_point now) {
  assert(sequence == next_);
  // Only where a minute's probes exceed probes_max can one that is under way still be in its place.
  if (next_ >= probes_.size() && first_pending_ == next_ - probes_.size()) {
    Probe& oldest = probes_[first_pending_ % probes_.size()];
    if (oldest.outcome == Outcome::kPending) lose(oldest, "", now);
    ++first_pending_;
  }
  probes_[sequence % probes_.size()] = {.sent = now};
  ++next_;
}

// What was counted of a probe whose answer came after all.
void Path::take_back(Outcome outcome) {
  if (outcome == Outcome::kLost) {
    --totals_.lost;
    return;
  }
  if (outcome == Outcome::kVoid) --totals_.voided;
  ++totals_.sent;
}

bool Path::answered(const Answer& answer, Clock::time_point now) {
  Probe* const probe = find(answer.sequence);
  if (probe == nullptr) return false;
  if (probe->outcome == Outcome::kAnswered || probe->outcome == Outcome::kLate) {
    ++totals_.duplicated;
    return true;
  }
  take_back(probe->outcome);
  const bool late = answer.elapsed > options_.timeout;
  probe->outcome = late ? Outcome::kLate : Outcome::kAnswered;
  totals_.late += late ? 1 : 0;
  if (last_answer_ && answer.sequence < newest_answered_) ++totals_.reordered;
  newest_answered_ = std::max(newest_answered_, answer.sequence);
  note_times(answer, *probe);
  last_answer_ = now;
  last_result_ = now;
  lost_in_a_row_ = 0;
  ++answered_in_a_row_;
  error_.clear();
  judge(now);
  return true;
}

void Path::note_times(const Answer& answer, Probe& probe) {
  if (answer.round_trip) probe.round_trip_us = as_round_trip(*answer.round_trip);
  // RFC 3393 section 4.6: of packets that follow each other, where both came.
  if (last_delays_ && last_delays_->sequence + 1 == answer.sequence) {
    if (last_delays_->forward && answer.forward_delay) {
      probe.forward_ipdv_us = as_microseconds(abs(*answer.forward_delay - *last_delays_->forward));
    }
    if (last_delays_->backward && answer.backward_delay) {
      probe.backward_ipdv_us =
          as_microseconds(abs(*answer.backward_delay - *last_delays_->backward));
    }
  }
  if (!last_delays_ || last_delays_->sequence < answer.sequence) {
    last_delays_ = {.sequence = answer.sequence,
                    .forward = answer.forward_delay,
                    .backward = answer.backward_delay};
  }
}

void Path::correct(std::uint64_t sequence, nanoseconds round_trip) {
  Probe* const probe = find(sequence);
  if (probe != nullptr && probe->round_trip_us != kNone) {
    probe->round_trip_us = as_round_trip(round_trip);
  }
}

void Path::failed(std::uint64_t sequence, std::string_view error, Clock::time_point now) {
  Probe* const probe = find(sequence);
  if (probe == nullptr) return;
  if (probe->outcome == Outcome::kPending) {
    lose(*probe, error, now);
  } else if (probe->outcome == Outcome::kLost) {
    error_ = error;
  }
}

void Path::unsent(std::uint64_t sequence, std::string_view error) {
  Probe* const probe = find(sequence);
  if (probe == nullptr || probe->outcome != Outcome::kPending) return;
  probe->outcome = Outcome::kVoid;
  ++totals_.voided;
  error_ = error;
}

void Path::lose(Probe& probe, std::string_view error, Clock::time_point now) {
  probe.outcome = Outcome::kLost;
  ++totals_.sent;
  ++totals_.lost;
  error_ = error;
  last_loss_ = now;
  last_result_ = now;
  answered_in_a_row_ = 0;
  ++lost_in_a_row_;
  judge(now);
}

void Path::set_directions(std::uint64_t lost_forward, std::uint64_t lost_backward) {
  totals_.lost_forward = lost_forward;
  totals_.lost_backward = lost_backward;
}

void Path::tick(Clock::time_point now) {
  for (; first_pending_ < next_; ++first_pending_) {
    Probe& probe = probes_[first_pending_ % probes_.size()];
    if (probe.outcome != Outcome::kPending) continue;
    if (now - probe.sent < options_.timeout) break;
    lose(probe, "", now);
  }
  roll_marks(now);
  if (now - last_result_ > options_.silent_intervals_max * options_.interval + options_.timeout) {
    enter(PathState::kUnknown, now);
  } else if (state_ == PathState::kDegraded) {
    judge(now);
  }
}

void Path::void_pending() {
  for (; first_pending_ < next_; ++first_pending_) {
    Probe& probe = probes_[first_pending_ % probes_.size()];
    if (probe.outcome != Outcome::kPending) continue;
    probe.outcome = Outcome::kVoid;
    ++totals_.voided;
  }
}

void Path::starved(Clock::time_point now) {
  void_pending();
  lost_in_a_row_ = 0;
  answered_in_a_row_ = 0;
  enter(PathState::kUnknown, now);
}

Path::Losses Path::losses_since(Clock::time_point begin) const {
  Losses losses;
  const std::uint64_t remembered = std::min<std::uint64_t>(next_, probes_.size());
  for (std::uint64_t back = 1; back <= remembered; ++back) {
    const Probe& probe = probes_[(next_ - back) % probes_.size()];
    if (probe.sent < begin) break;
    if (probe.outcome == Outcome::kPending || probe.outcome == Outcome::kVoid) continue;
    ++losses.sent;
    losses.lost += probe.outcome == Outcome::kLost ? 1 : 0;
  }
  return losses;
}

void Path::judge(Clock::time_point now) {
  if (lost_in_a_row_ >= options_.down_after) {
    enter(PathState::kDown, now);
    return;
  }
  if (state_ == PathState::kUnknown || state_ == PathState::kDown) {
    const bool was_down = state_ == PathState::kDown;
    if (answered_in_a_row_ < (was_down ? options_.up_after : 1)) return;
    if (was_down && degraded_before_) {
      enter(PathState::kDegraded, now);
      return;
    }
    // An outage that is over does not make it degraded for another minute.
    judged_from_ = now;
    enter(PathState::kUp, now);
    return;
  }
  const auto begin = std::max(now - kWindow, judged_from_);
  Losses losses;
  if (last_loss_ && *last_loss_ >= begin) losses = losses_since(begin);
  const double share = static_cast<double>(losses.lost) / std::max(losses.sent, 1U);
  if (state_ == PathState::kUp) {
    if (losses.lost >= options_.degraded_lost_min && share >= options_.degraded_loss) {
      enter(PathState::kDegraded, now);
    }
  } else if (share < options_.degraded_loss / 2) {
    enter(PathState::kUp, now);
  }
}

void Path::enter(PathState state, Clock::time_point now) {
  if (state_ == state) return;
  degraded_before_ = state_ == PathState::kDegraded;
  state_ = state;
  state_since_ = now;
}

void Path::roll_marks(Clock::time_point now) {
  if (now - marks_.back().at >= kMarkPeriod) marks_.push_back({.at = now, .totals = totals_});
  while (marks_.size() > 1 && now - marks_[1].at >= kWindow) marks_.erase(marks_.begin());
}

PathSummary Path::summary(Clock::time_point now) const {
  PathSummary summary;
  summary.state = state_;
  summary.state_age = std::chrono::duration_cast<milliseconds>(now - state_since_);
  if (last_answer_) {
    summary.answer_age = std::chrono::duration_cast<milliseconds>(now - *last_answer_);
  }
  std::vector<std::uint32_t> round_trips;
  Mean jitter_forward;
  Mean jitter_backward;
  const std::uint64_t remembered = std::min<std::uint64_t>(next_, probes_.size());
  for (std::uint64_t back = 1; back <= remembered; ++back) {
    const Probe& probe = probes_[(next_ - back) % probes_.size()];
    if (now - probe.sent > kWindow) break;
    if (probe.outcome == Outcome::kPending || probe.outcome == Outcome::kVoid) continue;
    ++summary.sent;
    summary.lost += probe.outcome == Outcome::kLost ? 1 : 0;
    summary.late += probe.outcome == Outcome::kLate ? 1 : 0;
    if (probe.round_trip_us != kNone) round_trips.push_back(probe.round_trip_us);
    if (probe.forward_ipdv_us != kNone) jitter_forward.add(probe.forward_ipdv_us);
    if (probe.backward_ipdv_us != kNone) jitter_backward.add(probe.backward_ipdv_us);
  }
  const auto since_mark = [&](std::uint64_t PathTotals::*count, std::uint64_t most) {
    const std::uint64_t now_count = totals_.*count;
    const std::uint64_t then = marks_.front().totals.*count;
    return static_cast<std::uint32_t>(std::min(now_count > then ? now_count - then : 0, most));
  };
  constexpr std::uint64_t kAny = 0xffffffff;
  summary.lost_forward = since_mark(&PathTotals::lost_forward, summary.lost);
  summary.lost_backward =
      since_mark(&PathTotals::lost_backward, summary.lost - summary.lost_forward);
  summary.duplicated = since_mark(&PathTotals::duplicated, kAny);
  summary.reordered = since_mark(&PathTotals::reordered, kAny);
  if (!round_trips.empty()) {
    std::sort(round_trips.begin(), round_trips.end());
    summary.round_trips = {.p50 = quantile(round_trips, 0.5),
                           .p90 = quantile(round_trips, 0.9),
                           .p99 = quantile(round_trips, 0.99),
                           .max = microseconds(round_trips.back())};
  }
  summary.jitter_forward = jitter_forward.value();
  summary.jitter_backward = jitter_backward.value();
  summary.error = error_;
  return summary;
}

}  // namespace meshcheck::mesh
