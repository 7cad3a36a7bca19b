// One run of a check of Kubernetes: who is to be told, and the talk that it consists of.
#pragma once

#include <cassert>
#include <utility>

#include "checks/findings.h"
#include "checks/kube/talk.h"

namespace meshcheck::checks {

class KubeRun {
 public:
  explicit KubeRun(KubeContext& context) : talk_(context) {}

  KubeTalk& talk() { return talk_; }
  // REQUIRES: the run before has ended.
  void begin(Check::OnDone on_done) {
    assert(!on_done_);
    on_done_ = std::move(on_done);
  }
  // Whoever is told may destroy the check.
  void finish(const Finding& finding) {
    talk_.stop();
    const auto on_done = std::exchange(on_done_, nullptr);
    assert(on_done);
    on_done(finding);
  }
  void cancel() {
    talk_.stop();
    on_done_ = nullptr;
  }

 private:
  KubeTalk talk_;
  Check::OnDone on_done_;
};

// The first question of every check of objects: while the API is not there, nothing is known of
// what it looks at.
template <typename Continue>
void begin_with_preflight(KubeRun& run, Check::OnDone on_done, Continue go_on) {
  run.begin(std::move(on_done));
  run.talk().preflight([&run, go_on](const std::optional<std::string>& why) {
    why ? run.finish(unknown(*why)) : go_on();
  });
}

}  // namespace meshcheck::checks
