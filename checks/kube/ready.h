// Are there enough pods, or nodes, that are ready?
#pragma once

#include <cstdint>
#include <string>

#include "checks/kube/run.h"
#include "mesh/sla/check_spec.h"

namespace meshcheck::checks {

// Terminating pods do not count. Without any pod the check is down.
class KubePodsReady : public Check {
 public:
  struct Options {
    std::string name_space;
    std::string selector;
    bool all = false;  // Every pod has to be ready; else one is enough.
  };
  KubePodsReady(KubeContext& context, Options options);

  void start(OnDone on_done) override;
  void cancel() override { run_.cancel(); }
  CheckResult timed_out() const override;

 private:
  void list();
  CheckResult judge() const;

  const Options options_;
  std::size_t pods_ = 0;
  std::size_t ready_ = 0;
  std::string unready_;  // The first that is not ready.
  KubeRun run_;
};

// Cordoned nodes count: their pods still run.
class KubeNodesReady : public Check {
 public:
  struct Options {
    std::string selector;  // Empty: all nodes.
    std::size_t min = 1;
  };
  KubeNodesReady(KubeContext& context, Options options);

  void start(OnDone on_done) override;
  void cancel() override { run_.cancel(); }
  CheckResult timed_out() const override;

 private:
  void list();

  const Options options_;
  std::size_t nodes_ = 0;
  std::size_t ready_ = 0;
  KubeRun run_;
};

}  // namespace meshcheck::checks
