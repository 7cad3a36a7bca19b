// A timer.
#pragma once

#include <chrono>
#include <functional>

#include "lib/uv/handle.h"
#include "lib/uv/loop.h"

namespace meshcheck::uv {

// Stopped until start(). Resolution 1 ms. Lives on the loop's thread.
class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_expiry);

  // Expires once after `delay`; starting again replaces the earlier start.
  void start(std::chrono::milliseconds delay);
  // Expires every `period`, first after one period. Does not catch up on missed turns.
  void start_repeating(std::chrono::milliseconds period);
  void stop();

 private:
  struct Node {
    uv_timer_t handle{};
    std::function<void()> on_expiry;
  };
  HandlePtr<Node> node_;
};

}  // namespace meshcheck::uv
