// A Pacer on a loop: calls its owner when probes are due, with their number.
#pragma once

#include <cstddef>
#include <functional>

#include "lib/base/time.h"
#include "lib/uv/timer.h"
#include "probe/pacer.h"

namespace meshcheck::probe {

// On the loop's thread; stays where it was made.
class PaceTimer {
 public:
  // `on_due` gets at most `items`, and may call set().
  PaceTimer(uv::Loop& loop, Clock::duration interval, std::function<void(std::size_t)> on_due);
  PaceTimer(const PaceTimer&) = delete;
  PaceTimer& operator=(const PaceTimer&) = delete;

  void set(std::size_t items, Clock::duration interval);

 private:
  void expire();
  void arm();

  std::size_t items_ = 0;
  Pacer pacer_;
  std::function<void(std::size_t)> on_due_;
  uv::Timer timer_;
};

}  // namespace meshcheck::probe
