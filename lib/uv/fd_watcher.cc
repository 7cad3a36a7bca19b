#include "lib/uv/fd_watcher.h"

#include <cassert>

namespace meshcheck::uv {

FdWatcher::FdWatcher(Loop& loop, int descriptor, std::function<void(Interest)> on_ready) {
  auto node = std::make_unique<Node>();
  node->on_ready = std::move(on_ready);
  node_ = make_handle(std::move(node), [&](uv_poll_t* handle) {
    return uv_poll_init(loop.get(), handle, descriptor);
  });
}

void FdWatcher::watch(Interest interest) {
  node_->events = (interest.readable ? UV_READABLE : 0) | (interest.writable ? UV_WRITABLE : 0);
  node_->arm();
}

void FdWatcher::Node::arm() {
  if (events == 0) {
    uv_poll_stop(&handle);
    return;
  }
  const int armed =
      uv_poll_start(&handle, events, [](uv_poll_t* poll, int status, int ready) noexcept {
        auto* const node = static_cast<Node*>(poll->data);
        const bool failed = status < 0;
        // libuv has stopped watching then. An error queue is news, not the end.
        if (failed) node->arm();
        node->on_ready({.readable = failed || (ready & UV_READABLE) != 0,
                        .writable = failed || (ready & UV_WRITABLE) != 0});
      });
  assert(armed == 0);
  static_cast<void>(armed);
}

}  // namespace meshcheck::uv
