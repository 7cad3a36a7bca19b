// Whether the Kubernetes API answers at all: an open watch does not show it until an object
// changes.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "lib/http/client.h"
#include "lib/kube/client.h"
#include "lib/uv/timer.h"

namespace meshcheck::server {

// Asks it for its version all the time, one question after the other; every token may. Any answer
// with a status below 500 counts, also a refusal. Lives on the client's loop and needs a connection
// of its own; not destroyed inside its handler.
class ApiPulse {
 public:
  struct Options {
    std::chrono::milliseconds period{3000};
    std::chrono::milliseconds timeout{3000};
  };
  struct Status {
    // When the first question without an answer was asked.
    std::optional<Clock::time_point> silent_since;
    std::string why;  // One sentence, while it is silent.
  };

  ApiPulse(kube::Client& client, const Options& options, std::function<void()> on_change);
  ApiPulse(const ApiPulse&) = delete;
  ApiPulse& operator=(const ApiPulse&) = delete;

  const Status& status() const { return status_; }

 private:
  void ask();
  void answered(Clock::time_point asked, const kube::Answer& answer);

  kube::Client& client_;
  const Options options_;
  const std::function<void()> on_change_;
  Status status_;
  http::Call call_;
  uv::Timer timer_;
};

}  // namespace meshcheck::server
