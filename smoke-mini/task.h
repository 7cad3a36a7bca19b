// One try of a service that an application needs.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checks/prometheus_checks.h"
#include "lib/http/client.h"
#include "lib/kube/client.h"
#include "lib/uv/timer.h"

namespace meshcheck::smoke_mini {

// Has begun, and calls its OnDone once and later. Destroying it silences it, also inside OnDone.
// Its owner bounds its time.
class Task {
 public:
  // Nothing: it succeeded. Else why it failed.
  using OnDone = std::function<void(const std::optional<std::string>& why)>;

  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  virtual ~Task() = default;
};

// A task that fails at once, for something that is not configured.
std::unique_ptr<Task> fail_task(uv::Loop& loop, std::string why, Task::OnDone on_done);

std::unique_ptr<Task> look_up_task(uv::Loop& loop, const std::string& name, Task::OnDone on_done);

// The pod itself, at the Kubernetes API.
struct PodName {
  std::string name_space;
  std::string name;
};
std::unique_ptr<Task> pod_task(kube::Client& client, const PodName& pod, Task::OnDone on_done);

// All at once, each on a connection of its own; their answers have to be 200 and "ok".
struct Neighbors {
  std::vector<std::string> urls;  // At least one.
  std::chrono::milliseconds timeout{1500};
};
std::unique_ptr<Task> neighbors_task(http::Client& client, const Neighbors& neighbors,
                                     Task::OnDone on_done);
// Two may fail, but not all.
constexpr bool too_many_failed(std::size_t failed, std::size_t asked) {
  return failed > 2 || failed == asked;
}

std::unique_ptr<Task> prometheus_task(http::Client& client,
                                      const checks::PrometheusCheck::Options& options,
                                      Task::OnDone on_done);

}  // namespace meshcheck::smoke_mini
