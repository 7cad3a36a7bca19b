#include "lib/uv/fd_watcher.h"

namespace meshcheck::uv {

FdWatcher::FdWatcher(Loop& loop, int descriptor, std::function<void(Interest)> on_ready) {
  auto node = std::make_unique<Node>();
  node->on_ready = std::move(on_ready);
  node_ = make_handle(std::move(node), [&](uv_poll_t* handle) {
    return uv_poll_init(loop.get(), handle, descriptor);
  });
}

void FdWatcher::watch(Interest interest) {
  const int events = (interest.readable ? UV_READABLE : 0) | (interest.writable ? UV_WRITABLE : 0);
  if (events == 0) {
    uv_poll_stop(&node_->handle);
    return;
  }
  uv_poll_start(&node_->handle, events, [](uv_poll_t* handle, int status, int ready) noexcept {
    const bool failed = status < 0;
    static_cast<Node*>(handle->data)
        ->on_ready({.readable = failed || (ready & UV_READABLE) != 0,
                    .writable = failed || (ready & UV_WRITABLE) != 0});
  });
}

}  // namespace meshcheck::uv
