// A child process.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/uv/handle.h"
#include "lib/uv/loop.h"

namespace meshcheck::uv {

// Started in a process group of its own, so that kill() reaches its children too. Destroying the
// Process neither kills nor waits: the child goes on unobserved.
class Process {
 public:
  struct Exit {
    int code = 0;
    int signal = 0;  // 0 if it exited by itself.
  };

  // `arguments[0]` is the program, found in PATH; the environment is ours, stdin is /dev/null.
  // `output` gets stdout and stderr, and stays the caller's; -1: stdout is /dev/null, stderr ours.
  static Result<Process> spawn(Loop& loop, const std::vector<std::string>& arguments,
                               std::function<void(Exit)> on_exit, int output = -1);

  // The whole group. Also after the child has ended, if others of its group are still there.
  Result<void> kill(int signal);

 private:
  struct Node {
    uv_process_t handle{};
    std::function<void(Exit)> on_exit;
  };
  explicit Process(HandlePtr<Node> node) : node_(std::move(node)) {}

  HandlePtr<Node> node_;
};

}  // namespace meshcheck::uv
