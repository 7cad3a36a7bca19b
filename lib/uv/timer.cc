#include "lib/uv/timer.h"

#include <cassert>

namespace meshcheck::uv {

Timer::Timer(Loop& loop, std::function<void()> on_expiry) {
  auto node = std::make_unique<Node>();
  node->on_expiry = std::move(on_expiry);
  node_ = make_handle(std::move(node),
                      [&](uv_timer_t* handle) { return uv_timer_init(loop.get(), handle); });
}

void Timer::start(std::chrono::milliseconds delay) {
  assert(delay.count() >= 0);
  uv_timer_start(
      &node_->handle,
      [](uv_timer_t* handle) noexcept { static_cast<Node*>(handle->data)->on_expiry(); },
      static_cast<std::uint64_t>(delay.count()), 0);
}

void Timer::start_repeating(std::chrono::milliseconds period) {
  assert(period.count() > 0);
  start(period);
  uv_timer_set_repeat(&node_->handle, static_cast<std::uint64_t>(period.count()));
}

void Timer::stop() {
  uv_timer_stop(&node_->handle);
}

}  // namespace meshcheck::uv
