#include "mesh/sla/recorder.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace meshcheck::sla {
namespace {

std::int64_t tick_of(WallTime time) {
  return std::chrono::floor<Milliseconds>(time.time_since_epoch()) / kTick;
}

// Rounded up, so that a check that is valid for a moment has its tick.
std::int64_t ticks_in(Milliseconds length) {
  return (length + kTick - Milliseconds(1)) / kTick;
}

}  // namespace

Recorder::Recorder(std::vector<Check> checks) {
  for (const Check& check : checks) counters_.try_emplace(check.ref);
  for (const auto& [ref, counters] : counters_) probes_.push_back({.ref = ref});
  for (Check& check : checks) {
    const auto probe = std::ranges::lower_bound(probes_, check.ref, {}, &Probe::ref);
    probe->checks.push_back(checks_.size());
    const auto index = static_cast<std::size_t>(probe - probes_.begin());
    checks_.push_back({.check = std::move(check), .probe = index});
  }
  for (const Probe& probe : probes_) counters_.try_emplace({probe.ref.group, std::string(kTotal)});
}

void Recorder::record(std::size_t check, Status status, WallTime now) {
  assert(check < checks_.size());
  const Tick tick = tick_of(now);
  advance_to(tick);
  CheckState& state = checks_[check];
  state.status = status;
  state.valid_until = tick + std::max<Tick>(1, ticks_in(state.check.valid_for));
  if (status == Status::kNoData) return;
  Probe& probe = probes_[state.probe];
  Counters& counters = counters_.at(probe.ref);
  ++probe.checks_made;
  ++counters.checks;
  if (status != Status::kUp) return;
  ++probe.successes;
  ++counters.successes;
}

std::vector<Episode> Recorder::advance(WallTime now) {
  advance_to(tick_of(now));
  return std::exchange(ended_, {});
}

void Recorder::advance_to(Tick now) {
  constexpr auto kLength = static_cast<Tick>(kTicks);
  const auto start_of = [](Tick tick) { return tick - tick % kLength; };
  if (!cursor_) cursor_ = now;
  if (now < *cursor_) {
    // A little back within the episode: those ticks are told already. Further: the clock was set.
    if (now >= start_of(*cursor_)) return;
    for (Probe& probe : probes_) {
      probe.series = {};
      probe.checks_made = probe.successes = 0;
    }
    for (CheckState& check : checks_) check.valid_until = 0;
    cursor_ = now;
  }
  while (*cursor_ < now) {
    const Tick episode_end = start_of(*cursor_) + kLength;
    const Tick end = std::min(now, episode_end);
    fill(*cursor_, end);
    cursor_ = end;
    if (end != episode_end) continue;
    end_episode();
    // Nothing is valid any more: whatever lies between is not known.
    const auto valid = [&](const CheckState& check) { return check.valid_until > end; };
    if (std::ranges::none_of(checks_, valid)) cursor_ = std::max(end, start_of(now));
  }
}

void Recorder::fill(Tick begin, Tick end) {
  for (Probe& probe : probes_) {
    Counters& counters = counters_.at(probe.ref);
    for (Tick tick = begin; tick < end; ++tick) {
      const Status status = status_at(probe, tick);
      probe.series[static_cast<std::size_t>(tick) % kTicks] = status;
      if (status == Status::kDown) counters.unavailable += kTick;
    }
  }
}

Status Recorder::status_at(const Probe& probe, Tick tick) const {
  Status status = Status::kNoData;
  for (const std::size_t index : probe.checks) {
    const CheckState& check = checks_[index];
    if (tick < check.valid_until) status = worse_of(status, check.status);
  }
  return status;
}

Timers Recorder::timers_of(const Series& series) {
  Timers timers;
  for (const Status status : series) {
    if (status == Status::kUp) timers.up += kTick;
    if (status == Status::kDown) timers.down += kTick;
    if (status == Status::kUnknown) timers.unknown += kTick;
  }
  return timers;
}

void Recorder::end_episode() {
  const Milliseconds end = *cursor_ * kTick;
  const Seconds start(std::chrono::duration_cast<std::chrono::seconds>(end) - kEpisodeLength);
  const auto add = [&](Episode episode) {
    if (episode.timers != Timers()) ended_.push_back(std::move(episode));
  };
  Series total{};
  for (std::size_t index = 0; index < probes_.size(); ++index) {
    Probe& probe = probes_[index];
    std::ranges::transform(total, probe.series, total.begin(), worse_of);
    add({probe.ref, start, timers_of(probe.series), probe.checks_made, probe.successes});
    probe.series = {};
    probe.checks_made = probe.successes = 0;
    const bool group_ends =
        index + 1 == probes_.size() || probes_[index + 1].ref.group != probe.ref.group;
    if (!group_ends) continue;
    const ProbeRef ref{probe.ref.group, std::string(kTotal)};
    const Timers timers = timers_of(total);
    counters_.at(ref).unavailable += timers.down;
    add({.ref = ref, .start = start, .timers = timers});
    total = {};
  }
}

}  // namespace meshcheck::sla
