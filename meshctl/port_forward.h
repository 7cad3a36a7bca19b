// `kubectl port-forward` as a child. kubectl supports all that a kubeconfig may need: plugins that
// log in, proxies, and both protocols of the API server.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "meshctl/place.h"

namespace meshcheck::meshctl {

// The port of "Forwarding from 127.0.0.1:40123 -> 8081"; nothing in another line.
std::optional<int> forwarded_port(std::string_view line);

// A process group of its own. It ends with the object, and when this process ends, also by a
// signal.
class PortForward {
 public:
  // Returns when kubectl listens, or, with a `deadline`, it does not by then. An error has
  // kubectl's own words.
  static Result<PortForward> start(const Place& place, std::optional<Clock::time_point> deadline);

  PortForward(PortForward&& other) noexcept;
  PortForward& operator=(PortForward&&) = delete;
  ~PortForward();

  int port() const { return port_; }
  // Until kubectl ends.
  void wait() const;

 private:
  PortForward(pid_t child, int output) : child_(child), output_(output) {}
  // Nothing: kubectl ended, or took too long; `seen` has its output.
  std::optional<int> read_port(std::string& seen, Clock::time_point end) const;

  pid_t child_;
  int output_;
  int port_ = 0;
};

}  // namespace meshcheck::meshctl
