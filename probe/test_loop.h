// Waiting for what a loop brings about, with a deadline. For tests only.
#pragma once

#include <chrono>
#include <functional>

#include "lib/uv/loop.h"
#include "lib/uv/timer.h"

namespace meshcheck::probe {

// Turns the loop until `done` or the deadline; whether it was done.
inline bool run_until(uv::Loop& loop, const std::function<bool()>& done,
                      std::chrono::milliseconds deadline = std::chrono::seconds(5)) {
  bool expired = false;
  uv::Timer timer(loop, [&expired] { expired = true; });
  timer.start(deadline);
  while (!done() && !expired) loop.run_once();
  return done();
}

}  // namespace meshcheck::probe
