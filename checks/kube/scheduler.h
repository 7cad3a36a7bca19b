// Does the scheduler work? A pod that is meant for our own node has to be bound to it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "checks/kube/run.h"
#include "mesh/sla/check_spec.h"

namespace meshcheck::checks {

// The pod goes as soon as it is bound. Down is a wrong node, or no word of the scheduler within its
// time while the API answered. A scheduler that says why it cannot bind the pod does work, but
// whether it would bind is not known then.
class KubeScheduler : public Check {
 public:
  using Milliseconds = std::chrono::milliseconds;
  static constexpr Milliseconds kWaitMax{20'000};

  KubeScheduler(KubeContext& context, const sla::CheckSpec& spec);

  void start(OnDone on_done) override;
  void cancel() override { run_.cancel(); }
  CheckResult timed_out() const override;

 private:
  void look();
  void create();
  void poll();
  void judge(const nlohmann::json& pod, bool last);
  // With this result, once the pod is asked to go.
  void leave(const CheckResult& result);

  uv::Loop& loop_;
  const Milliseconds wait_;
  const std::string node_;
  const kube::Resource pods_;
  const std::string name_;
  nlohmann::json object_;
  std::string step_;
  std::optional<CheckResult> found_;  // The pod only has to go yet.
  Clock::time_point deadline_;
  KubeRun run_;
};

}  // namespace meshcheck::checks
