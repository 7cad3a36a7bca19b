#include "lib/uv/process.h"

#include <array>
#include <cassert>

namespace meshcheck::uv {

Result<Process> Process::spawn(Loop& loop, const std::vector<std::string>& arguments,
                               std::function<void(Exit)> on_exit, int output) {
  assert(!arguments.empty());
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  // libuv takes mutable strings and does not write to them.
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::array<uv_stdio_container_t, 3> stdio{};
  stdio[2].flags = UV_INHERIT_FD;
  stdio[2].data.fd = output < 0 ? 2 : output;
  if (output >= 0) stdio[1] = stdio[2];
  uv_process_options_t options{};
  options.file = argv[0];
  options.args = argv.data();
  options.flags = UV_PROCESS_DETACHED;
  options.stdio = stdio.data();
  options.stdio_count = stdio.size();
  options.exit_cb = [](uv_process_t* handle, std::int64_t code, int signal) noexcept {
    static_cast<Node*>(handle->data)->on_exit({static_cast<int>(code), signal});
  };
  auto node = std::make_unique<Node>();
  node->on_exit = std::move(on_exit);
  int status = 0;
  // A handle that failed to spawn is initialised all the same and has to be closed.
  HandlePtr<Node> owned = make_handle(std::move(node), [&](uv_process_t* handle) {
    status = uv_spawn(loop.get(), handle, &options);
    return 0;
  });
  if (status != 0) return error_from_status("run " + arguments[0], status);
  return Process(std::move(owned));
}

Result<void> Process::kill(int signal) {
  const int status = uv_kill(-node_->handle.pid, signal);
  if (status != 0) return error_from_status("kill", status);
  return {};
}

}  // namespace meshcheck::uv
