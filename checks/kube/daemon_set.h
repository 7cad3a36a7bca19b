// Does a DaemonSet run on each node where it should? The requests to the API.
#pragma once

#include <optional>
#include <string>

#include "checks/kube/daemon_set_rule.h"
#include "checks/kube/run.h"

namespace meshcheck::checks {

class KubeDaemonSet : public Check {
 public:
  struct Options {
    std::string name_space;
    std::string name;
  };
  KubeDaemonSet(KubeContext& context, Options options);

  void start(OnDone on_done) override;
  void cancel() override { run_.cancel(); }
  CheckResult timed_out() const override;

 private:
  void look();
  void list_pods(const std::string& selector);
  void list_nodes();

  const Options options_;
  std::optional<KubeDaemonSetRule> rule_;
  KubeRun run_;
};

}  // namespace meshcheck::checks
