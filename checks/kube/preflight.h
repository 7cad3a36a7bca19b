// Whether the Kubernetes API answers at all, asked once for all checks of an agent.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "lib/kube/client.h"
#include "lib/uv/timer.h"

namespace meshcheck::checks {

// One GET /version answers all checks that ask until `interval` later. Lives on the client's loop.
class KubePreflight {
 public:
  // Nothing: the API answers. Else why it does not, or why it could not be asked.
  using OnAnswer = std::function<void(const std::optional<kube::Failure>& failure)>;
  struct Options {
    // A little less than the five seconds of most periods, so that each round asks anew.
    std::chrono::milliseconds interval{4500};
    std::chrono::milliseconds timeout{5000};
  };

  KubePreflight(kube::Client& client, Options options);

  // `on_answer` is called once and later, unless `who` is forgotten before. One question of each
  // `who`.
  void ask(const void* who, OnAnswer on_answer);
  void forget(const void* who) { waiting_.erase(who); }

 private:
  void question();
  void answer(const kube::Answer& answer);
  void deliver();

  kube::Client& client_;
  const Options options_;
  std::map<const void*, OnAnswer> waiting_;
  bool asking_ = false;
  std::optional<Clock::time_point> asked_;  // When the last answered question was asked.
  std::optional<kube::Failure> failure_;
  http::Call call_;
  uv::Timer deliverer_;
};

}  // namespace meshcheck::checks
