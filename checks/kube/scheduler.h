// Does the scheduler work? It has to bind a pod for our own node to that node.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "checks/kube/run.h"
#include "mesh/sla/check_spec.h"

namespace meshcheck::checks {

// The pod is deleted as soon as it is bound. The check is down if the node is wrong, or if the
// scheduler did nothing within its time while the API answered. A scheduler that reports why it
// cannot bind the pod does work, but the run says `unknown`.
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
  // Ends the run with this result, once the pod's deletion is requested.
  void leave(const CheckResult& result);

  uv::Loop& loop_;
  const Milliseconds wait_;
  const std::string node_;
  const kube::Resource pods_;
  const std::string name_;
  nlohmann::json object_;
  std::string step_;
  std::optional<CheckResult> found_;  // Set: the run only waits for the pod's deletion.
  Clock::time_point deadline_;
  KubeRun run_;
};

}  // namespace meshcheck::checks
