#include "smoke-mini/task.h"

#include <utility>

#include "lib/kube/resource_client.h"
#include "lib/uv/resolver.h"

namespace meshcheck::smoke_mini {
namespace {

constexpr std::size_t kNeighborBodyMax = 1024;

class FailTask : public Task {
 public:
  FailTask(uv::Loop& loop, std::string why, OnDone on_done)
      : timer_(loop, [why = std::move(why), on_done = std::move(on_done)] { on_done(why); }) {
    timer_.start(std::chrono::milliseconds(0));
  }

 private:
  uv::Timer timer_;
};

class LookUpTask : public Task {
 public:
  explicit LookUpTask(uv::Lookup lookup) : lookup_(std::move(lookup)) {}

 private:
  uv::Lookup lookup_;
};

// Whoever owns the task ends it before.
constexpr std::chrono::seconds kPodTimeout{30};

class PodTask : public Task {
 public:
  PodTask(kube::Client& client, const PodName& pod, OnDone on_done)
      : objects_(client, kPodTimeout) {
    objects_.get({.plural = "pods", .name_space = pod.name_space}, pod.name,
                 [on_done = std::move(on_done)](const kube::ObjectAnswer& answer) {
                   on_done(answer.failure ? std::optional(answer.why()) : std::nullopt);
                 });
  }

 private:
  kube::ResourceClient objects_;
};

class NeighborsTask : public Task {
 public:
  NeighborsTask(http::Client& client, const Neighbors& neighbors, OnDone on_done)
      : asked_(neighbors.urls.size()), on_done_(std::move(on_done)) {
    calls_.reserve(asked_);
    for (const std::string& url : neighbors.urls) {
      http::ClientRequest request;
      request.url = url;
      request.timeout = neighbors.timeout;
      request.body_max = kNeighborBodyMax;
      calls_.push_back(client.start(
          std::move(request), [this, url](const http::Outcome& outcome) { note(url, outcome); }));
    }
  }

 private:
  void note(const std::string& url, const http::Outcome& outcome) {
    ++answered_;
    if (outcome.error || outcome.status != 200 || outcome.body != "ok") {
      ++failed_;
      example_ =
          url + ": " +
          (outcome.error ? outcome.error->message() : "status " + std::to_string(outcome.status));
    }
    if (too_many_failed(failed_, asked_)) {
      return on_done_(std::to_string(failed_) + " of " + std::to_string(asked_) +
                      " neighbors failed, such as " + example_);
    }
    if (answered_ == asked_) on_done_(std::nullopt);
  }

  const std::size_t asked_;
  const OnDone on_done_;
  std::size_t answered_ = 0;
  std::size_t failed_ = 0;
  std::string example_;
  std::vector<http::Call> calls_;
};

class PrometheusTask : public Task {
 public:
  PrometheusTask(http::Client& client, const checks::PrometheusCheck::Options& options,
                 OnDone on_done)
      : check_(client, options) {
    check_.start([on_done = std::move(on_done)](const checks::CheckResult& result) {
      on_done(result.status == sla::Status::kUp ? std::nullopt : std::optional(result.reason));
    });
  }

 private:
  checks::PrometheusCheck check_;
};

}  // namespace

std::unique_ptr<Task> fail_task(uv::Loop& loop, std::string why, Task::OnDone on_done) {
  return std::make_unique<FailTask>(loop, std::move(why), std::move(on_done));
}

std::unique_ptr<Task> look_up_task(uv::Loop& loop, const std::string& name, Task::OnDone on_done) {
  auto lookup = uv::Lookup::start(loop, name, [on_done](const auto& addresses) {
    on_done(addresses ? std::nullopt : std::optional(addresses.error().message()));
  });
  if (!lookup) return fail_task(loop, lookup.error().message(), std::move(on_done));
  return std::make_unique<LookUpTask>(*std::move(lookup));
}

std::unique_ptr<Task> pod_task(kube::Client& client, const PodName& pod, Task::OnDone on_done) {
  return std::make_unique<PodTask>(client, pod, std::move(on_done));
}

std::unique_ptr<Task> neighbors_task(http::Client& client, const Neighbors& neighbors,
                                     Task::OnDone on_done) {
  return std::make_unique<NeighborsTask>(client, neighbors, std::move(on_done));
}

std::unique_ptr<Task> prometheus_task(http::Client& client,
                                      const checks::PrometheusCheck::Options& options,
                                      Task::OnDone on_done) {
  return std::make_unique<PrometheusTask>(client, options, std::move(on_done));
}

}  // namespace meshcheck::smoke_mini
