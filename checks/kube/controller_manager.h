// Do controllers work? A StatefulSet's pod has to appear, and to go with it.
#pragma once

#include <chrono>
#include <string>

#include "checks/kube/run.h"
#include "mesh/sla/check_spec.h"

namespace meshcheck::checks {

// The pod can run on no node, so the check tests only controllers. It is down when a controller did
// not act within its time while the API answered; when the API fails, the run says `unknown`.
class KubeControllerManager : public Check {
 public:
  using Milliseconds = std::chrono::milliseconds;
  static constexpr Milliseconds kWaitMax{10'000};  // For the pod to appear, and again to go.

  KubeControllerManager(KubeContext& context, const sla::CheckSpec& spec);

  void start(OnDone on_done) override;
  void cancel() override { run_.cancel(); }
  CheckResult timed_out() const override;

 private:
  void look_for_parent();
  void look_for_child();
  void remove_garbage(const kube::Resource& resource, const std::string& name);
  void create();
  void await_child();
  void ask_for_child();
  void remove_parent();
  void await_end();
  void ask_for_end();
  // Ends the run with this result, once the objects' deletion is requested.
  void leave(const CheckResult& result);
  void poll_later(void (KubeControllerManager::*poll)());
  bool waited_enough() const { return loop_.now() >= deadline_; }

  uv::Loop& loop_;
  const Milliseconds wait_;
  const kube::Resource parents_;
  const kube::Resource children_;
  const std::string name_;
  const std::string child_;
  nlohmann::json object_;
  std::string step_;
  Clock::time_point deadline_;
  KubeRun run_;
};

}  // namespace meshcheck::checks
