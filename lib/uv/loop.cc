#include "lib/uv/loop.h"

#include <cassert>
#include <cstdlib>

namespace meshcheck::uv {

Loop::Loop() {
  if (uv_loop_init(&loop_) != 0) std::abort();
}

Loop::~Loop() {
  // Wrappers that are gone have asked libuv to close; their close callbacks run here.
  uv_run(&loop_, UV_RUN_NOWAIT);
  // A look-up that nobody waits for any more still has to come back from its thread.
  while (loop_.active_reqs.count > 0) uv_run(&loop_, UV_RUN_ONCE);
  const int status = uv_loop_close(&loop_);
  assert(status == 0 && "a handle outlived its loop");
  static_cast<void>(status);
}

void Loop::run() {
  uv_run(&loop_, UV_RUN_DEFAULT);
}

bool Loop::run_once() {
  return uv_run(&loop_, UV_RUN_ONCE) != 0;
}

void Loop::stop() {
  uv_stop(&loop_);
}

Clock::time_point Loop::now() const {
  return Clock::time_point(std::chrono::milliseconds(uv_now(&loop_)));
}

Error error_from_status(std::string_view action, int status) {
  return Error(uv_strerror(status)).within(action);
}

}  // namespace meshcheck::uv
