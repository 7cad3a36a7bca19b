// Runs a loop until a condition holds, with a deadline. For tests only.
#pragma once

#include <chrono>
#include <functional>

#include "lib/uv/loop.h"
#include "lib/uv/timer.h"

namespace meshcheck::uv {

// Turns the loop until `done` or the deadline, which only a failing test reaches. Returns the last
// `done`.
inline bool run_until(Loop& loop, const std::function<bool()>& done,
                      std::chrono::milliseconds deadline = std::chrono::minutes(1)) {
  bool expired = false;
  Timer timer(loop, [&expired] { expired = true; });
  timer.start(deadline);
  while (!done() && !expired) loop.run_once();
  return done();
}

}  // namespace meshcheck::uv
