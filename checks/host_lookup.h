// The addresses of the host that a check asks.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "checks/context.h"
#include "lib/base/ip_address.h"
#include "lib/uv/timer.h"

namespace meshcheck::checks {

// Looks a name up anew each time; an address is its own result. One look-up at a time.
class HostLookup {
 public:
  // At least one address and at most kAddressesMax, or why there is none.
  using OnDone = std::function<void(Result<std::vector<IpAddress>>)>;

  HostLookup(Context& context, std::string host);

  // `on_done` is called once and later, `timeout` after now at the latest, unless it is cancelled.
  void start(std::chrono::milliseconds timeout, OnDone on_done);
  void cancel();
  bool busy() const { return on_done_ != nullptr; }
  const std::string& host() const { return host_; }

 private:
  void finish(Result<std::vector<IpAddress>> result);

  Context& context_;
  std::string host_;
  std::optional<IpAddress> fixed_;
  OnDone on_done_;
  std::optional<probe::DnsLookup> lookup_;
  uv::Timer later_;
};

}  // namespace meshcheck::checks
