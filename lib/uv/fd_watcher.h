// Readiness of a descriptor that is not libuv's: netlink, ICMP, libcurl's sockets.
#pragma once

#include <functional>

#include "lib/uv/handle.h"
#include "lib/uv/loop.h"

namespace meshcheck::uv {

// Does not own the descriptor: declare the descriptor's owner before the watcher, so that it is
// closed after it. An error on the descriptor is reported as readable and writable: the next
// system call says which, and watching goes on.
class FdWatcher {
 public:
  struct Interest {
    bool readable = false;
    bool writable = false;
  };
  FdWatcher(Loop& loop, int descriptor, std::function<void(Interest ready)> on_ready);

  // Replaces what is watched; neither stops watching.
  void watch(Interest interest);

 private:
  struct Node {
    uv_poll_t handle{};
    std::function<void(Interest)> on_ready;
    int events = 0;
    void arm();
  };
  HandlePtr<Node> node_;
};

}  // namespace meshcheck::uv
