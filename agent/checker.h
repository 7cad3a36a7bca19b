// Asks the server until it says that all is well. `helm test` and scripts wait for this.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "agent/config.h"
#include "agent/server_access.h"
#include "lib/http/client.h"
#include "lib/uv/loop.h"
#include "lib/uv/timer.h"

namespace meshcheck::agent {

// Lives on the loop's thread, and ends the loop when it knows.
class Checker {
 public:
  static constexpr std::chrono::seconds kPause{1};
  static constexpr std::chrono::seconds kPatience{5};  // For one answer.

  Checker(uv::Loop& loop, const Config& config);

  // Returns true once connectivity_check is 200, false if that takes over config.check_patience.
  bool run();
  // The last answer's body, or why there was none.
  const std::string& last() const { return last_; }

 private:
  void ask();
  void take(const http::Outcome& outcome);

  uv::Loop& loop_;
  const Config& config_;
  http::Client client_;
  ServerAccess access_;
  http::Call call_;
  uv::Timer next_;
  uv::Timer end_;
  bool good_ = false;
  std::string last_ = "no answer";
};

}  // namespace meshcheck::agent
