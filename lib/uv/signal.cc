#include "lib/uv/signal.h"

namespace meshcheck::uv {

Signal::Signal(Loop& loop, int number, std::function<void()> on_signal) {
  auto node = std::make_unique<Node>();
  node->on_signal = std::move(on_signal);
  node_ = make_handle(std::move(node),
                      [&](uv_signal_t* handle) { return uv_signal_init(loop.get(), handle); });
  uv_signal_start(
      &node_->handle,
      [](uv_signal_t* handle, int) noexcept { static_cast<Node*>(handle->data)->on_signal(); },
      number);
}

}  // namespace meshcheck::uv
