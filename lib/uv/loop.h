// An event loop.
#pragma once

#include <uv.h>

#include "lib/base/result.h"
#include "lib/base/time.h"

namespace meshcheck::uv {

// One loop per thread; everything made with a Loop& belongs to the thread that runs it and must be
// destroyed before it. ~Loop aborts if a handle outlived the loop: that is a bug of ours.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop() or until no handle is active.
  void run();
  // One turn: waits for an event, handles what is ready and returns. False when nothing is left.
  bool run_once();
  // From this loop's own thread; another thread sends to a Mailbox instead.
  void stop();

  // Cached at the start of a turn, so that all callbacks of one turn see one time.
  Clock::time_point now() const;

  uv_loop_t* get() { return &loop_; }

 private:
  uv_loop_t loop_{};
};

// A libuv status (negative errno) as an Error.
Error error_from_status(std::string_view action, int status);

}  // namespace meshcheck::uv
