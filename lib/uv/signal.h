// A signal of the operating system as an event of the loop.
#pragma once

#include <functional>

#include "lib/uv/handle.h"
#include "lib/uv/loop.h"

namespace meshcheck::uv {

// Watches one signal number (SIGTERM, SIGHUP, ...) from construction on.
class Signal {
 public:
  Signal(Loop& loop, int number, std::function<void()> on_signal);

 private:
  struct Node {
    uv_signal_t handle{};
    std::function<void()> on_signal;
  };
  HandlePtr<Node> node_;
};

}  // namespace meshcheck::uv
