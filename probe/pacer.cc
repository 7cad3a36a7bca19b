#include "probe/pacer.h"

#include <algorithm>
#include <cassert>

namespace meshcheck::probe {

Pacer::Pacer(Clock::duration interval, Clock::time_point now) : interval_(interval), last_(now) {
  assert(interval_ > Clock::duration::zero());
}

void Pacer::set(std::size_t items, Clock::duration interval, Clock::time_point now) {
  assert(interval > Clock::duration::zero());
  accrue(now);
  items_ = static_cast<std::int64_t>(items);
  interval_ = interval;
  credit_ = items == 0 ? Clock::duration::zero() : std::min(credit_, interval_);
}

void Pacer::accrue(Clock::time_point now) {
  // No more than one turn of all, which also keeps the product small.
  const auto elapsed = std::clamp(now - last_, Clock::duration::zero(), interval_);
  last_ = now;
  credit_ += elapsed * items_;
}

std::size_t Pacer::due(Clock::time_point now) {
  accrue(now);
  const std::int64_t due = credit_ / interval_;
  credit_ %= interval_;
  const std::int64_t in_a_tick = (items_ * kTick + interval_ - Clock::duration(1)) / interval_;
  return static_cast<std::size_t>(std::min(due, 2 * std::max<std::int64_t>(in_a_tick, 1)));
}

std::optional<Clock::duration> Pacer::wait() const {
  if (items_ == 0) return std::nullopt;
  const auto missing = interval_ - std::min(credit_, interval_);
  const Clock::duration until_next((missing.count() + items_ - 1) / items_);
  return std::max(until_next, kTick);
}

}  // namespace meshcheck::probe
