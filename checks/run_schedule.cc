#include "checks/run_schedule.h"

#include <algorithm>
#include <cassert>
#include <random>
#include <utility>

namespace meshcheck::checks {

RunSchedule::RunSchedule(const std::vector<Timing>& timings, std::uint64_t seed,
                         Clock::time_point now) {
  std::mt19937_64 random(seed);
  for (const Timing& timing : timings) {
    assert(timing.period > sla::Milliseconds(0));
    const auto period = static_cast<std::uint64_t>(timing.period.count());
    const sla::Milliseconds offset(static_cast<std::int64_t>(random() % period));
    items_.push_back({.timing = timing, .offset = offset, .due = now + offset});
  }
}

void RunSchedule::enable(std::size_t check, bool enabled, Clock::time_point now) {
  Item& item = items_[check];
  if (item.enabled == enabled) return;
  item.enabled = enabled;
  item.due = now + item.offset;
  item.began.reset();
  item.down_from.reset();
}

void RunSchedule::beat(Clock::time_point now) {
  if (last_beat_ && now - *last_beat_ > kBeatPeriod + kLagMax) lagged_ = now;
  last_beat_ = now;
}

std::vector<std::size_t> RunSchedule::take_due(Clock::time_point now) {
  std::vector<std::size_t> due;
  for (std::size_t index = 0; index < items_.size(); ++index) {
    Item& item = items_[index];
    if (!item.enabled || item.due > now) continue;
    // Turns stay on their grid, however late this one is.
    item.due += ((now - item.due) / item.timing.period + 1) * item.timing.period;
    if (item.began) {
      ++counters_.skipped;
      continue;
    }
    item.began = now;
    due.push_back(index);
  }
  return due;
}

std::vector<std::size_t> RunSchedule::overdue(Clock::time_point now) const {
  std::vector<std::size_t> found;
  for (std::size_t index = 0; index < items_.size(); ++index) {
    const Item& item = items_[index];
    if (item.began && *item.began + item.timing.timeout <= now) found.push_back(index);
  }
  return found;
}

std::optional<Clock::time_point> RunSchedule::wake_at() const {
  std::optional<Clock::time_point> wake;
  const auto consider = [&](Clock::time_point time) { wake = wake ? std::min(*wake, time) : time; };
  for (const Item& item : items_) {
    if (!item.enabled) continue;
    consider(item.due);
    if (item.began) consider(*item.began + item.timing.timeout);
  }
  return wake;
}

sla::Status RunSchedule::end(std::size_t check, sla::Status found, Clock::time_point now) {
  using sla::Status;
  Item& item = items_[check];
  assert(item.began);
  const Clock::time_point began = *std::exchange(item.began, std::nullopt);
  ++counters_.runs;
  if (found == Status::kUp) item.down_from.reset();
  if (found != Status::kDown) return found;
  // The beat itself may still wait for its turn.
  const bool late_now = last_beat_ && now - *last_beat_ > kBeatPeriod + kLagMax;
  if (late_now || (lagged_ && *lagged_ >= began)) {
    ++counters_.lagged;
    return Status::kUnknown;
  }
  if (!item.down_from) item.down_from = now;
  return now - *item.down_from < item.timing.grace ? Status::kUnknown : Status::kDown;
}

}  // namespace meshcheck::checks
