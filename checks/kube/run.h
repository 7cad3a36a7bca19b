// One run of a check of Kubernetes: its callback, its questions and its pauses.
#pragma once

#include <cassert>
#include <chrono>
#include <functional>
#include <utility>

#include "checks/kube/context.h"
#include "checks/results.h"
#include "lib/kube/resource_client.h"
#include "lib/uv/timer.h"

namespace meshcheck::checks {

// A check's own objects are deleted without a grace period.
inline constexpr auto kAtOnce = kube::ResourceClient::Deletion::kAtOnce;

// Belongs to the context's loop.
class KubeRun {
 public:
  explicit KubeRun(KubeContext& context)
      : context_(context), objects_(context.client), timer_(context.loop, [this] {
          const auto on_expiry = std::exchange(on_expiry_, nullptr);
          on_expiry();
        }) {}
  ~KubeRun() { stop(); }
  KubeRun(const KubeRun&) = delete;
  KubeRun& operator=(const KubeRun&) = delete;

  // One question or one pause at a time.
  kube::ResourceClient& objects() { return objects_; }
  void preflight(KubePreflight::OnAnswer on_answer) {
    context_.preflight.ask(this, std::move(on_answer));
  }
  void wait(std::chrono::milliseconds delay, std::function<void()> on_expiry) {
    on_expiry_ = std::move(on_expiry);
    timer_.start(delay);
  }
  // REQUIRES: the run before has ended.
  void begin(Check::OnDone on_done) {
    assert(!on_done_);
    on_done_ = std::move(on_done);
  }
  // The callback may destroy the check.
  void finish(const CheckResult& result) {
    stop();
    const auto on_done = std::exchange(on_done_, nullptr);
    assert(on_done);
    on_done(result);
  }
  void cancel() {
    stop();
    on_done_ = nullptr;
  }

 private:
  void stop() {
    context_.preflight.forget(this);
    objects_.stop();
    timer_.stop();
    on_expiry_ = nullptr;
  }

  KubeContext& context_;
  kube::ResourceClient objects_;
  std::function<void()> on_expiry_;
  uv::Timer timer_;
  Check::OnDone on_done_;
};

// The first question of every check of objects: while the API does not answer, their state is
// unknown.
template <typename Continue>
void begin_with_preflight(KubeRun& run, Check::OnDone on_done, Continue go_on) {
  run.begin(std::move(on_done));
  run.preflight([&run, go_on](const std::optional<kube::Failure>& failure) {
    failure ? run.finish(unknown(failure->sentence)) : go_on();
  });
}

}  // namespace meshcheck::checks
