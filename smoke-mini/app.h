// smoke-mini's answers: a request begins a task, and the task's result is the answer.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "lib/http/client.h"
#include "lib/http/server.h"
#include "lib/kube/client.h"
#include "lib/uv/timer.h"
#include "smoke-mini/config.h"
#include "smoke-mini/disk.h"
#include "smoke-mini/task.h"

namespace meshcheck::smoke_mini {

// All answers are made in the server's gate, which may answer later. At most `runs_max` tasks at
// once, each for `timeout` at most. One loop.
class App {
 public:
  // Listens from here on. `config` outlives it.
  static Result<std::unique_ptr<App>> listen(uv::Loop& loop, const Config& config);

  Endpoint local() const { return server_->local(); }
  // From now on /ready answers that the program is not ready.
  void announce_end() { ending_ = true; }
  void drain(std::chrono::milliseconds patience, std::function<void()> on_drained) {
    server_->drain(patience, std::move(on_drained));
  }

 private:
  struct Run {
    std::string path;
    Clock::time_point began;
    std::unique_ptr<uv::Timer> deadline;
    std::unique_ptr<Task> task;
  };

  App(uv::Loop& loop, const Config& config);
  std::optional<http::Admission> admit(const http::Request& request, http::Ticket ticket);
  std::optional<http::Response> answer_at_once(const http::Request& request) const;
  void begin(const std::string& path, http::Ticket ticket);
  // REQUIRES: answer_at_once() has let the path pass.
  std::unique_ptr<Task> task_of(const std::string& path, Task::OnDone on_done);
  std::unique_ptr<Task> ask_api(Task::OnDone on_done);
  std::unique_ptr<Task> ask_neighbors(std::vector<std::string> urls, Task::OnDone on_done);
  std::unique_ptr<Task> ask_prometheus(Task::OnDone on_done);
  void finish(http::Ticket ticket, const std::optional<std::string>& why);
  void note(const std::string& path, const std::optional<std::string>& why);

  uv::Loop& loop_;
  const Config& config_;
  bool ending_ = false;
  http::Client http_;
  std::optional<kube::Client> kube_;
  std::string no_kube_;  // Why there is no client.
  Disk disk_;
  std::map<std::string, bool> well_;  // By path, to log changes.
  http::Router router_;               // Never reached: the gate answers all requests.
  http::Counters counters_;
  std::unordered_map<http::Ticket, Run> runs_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace meshcheck::smoke_mini
