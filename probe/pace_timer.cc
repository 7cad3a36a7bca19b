#include "probe/pace_timer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace meshcheck::probe {

PaceTimer::PaceTimer(uv::Loop& loop, Clock::duration interval,
                     std::function<void(std::size_t)> on_due)
    : pacer_(interval, Clock::now()),
      on_due_(std::move(on_due)),
      timer_(loop, [this] { expire(); }) {}

void PaceTimer::set(std::size_t items, Clock::duration interval) {
  items_ = items;
  pacer_.set(items, interval, Clock::now());
  arm();
}

void PaceTimer::expire() {
  on_due_(std::min(pacer_.due(Clock::now()), items_));
  arm();
}

void PaceTimer::arm() {
  const auto wait = pacer_.wait();
  if (wait) {
    timer_.start(std::chrono::ceil<std::chrono::milliseconds>(*wait));
  } else {
    timer_.stop();
  }
}

}  // namespace meshcheck::probe
