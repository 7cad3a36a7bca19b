// Waiting for what a loop brings about, with a deadline. For tests only.
#pragma once

#include <chrono>
#include <functional>

#include "lib/uv/loop.h"
#include "lib/uv/timer.h"

namespace meshcheck::uv {

// Turns the loop until `done` or the deadline, which only a test that fails sees; whether it was
// done.
inline bool run_until(Loop& loop, const std::function<bool()>& done,
                      std::chrono::milliseconds deadline = std::chrono::minutes(1)) {
  bool expired = false;
  Timer timer(loop, [&expired] { expired = true; });
  timer.start(deadline);
  while (!done() && !expired) loop.run_once();
  return done();
}

}  // namespace meshcheck::uv
