// The default gateways of this network namespace, as they come and go.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/log.h"
#include "lib/netlink/snapshot.h"
#include "lib/uv/loop.h"

namespace meshcheck::agent {

inline constexpr std::size_t kGatewaysMax = 16;

struct WatchedGateway {
  Endpoint endpoint;  // Without a port; with a scope if the address is link-local.
  std::string link;

  // "10.0.0.1", "fe80::1%eth0".
  std::string text() const;
  friend bool operator==(const WatchedGateway&, const WatchedGateway&) = default;
};

// Each gateway once, IPv4 first, the one in use first, kGatewaysMax at most. Default routes without
// a gateway, as on a point-to-point link, are left out.
std::vector<WatchedGateway> watched_gateways(const netlink::Snapshot& snapshot);

// Follows the kernel's announcements in the namespace of the thread that starts it, and looks
// again from time to time, since the kernel does not announce that IPv4 routes went with their
// link. On the loop's thread; may be destroyed inside its own callback.
class GatewayWatcher {
 public:
  struct Options {
    // Announcements come in swarms: the kernel is asked once, `settle` after the first. A node with
    // 50,000 routes takes long to answer and is asked more rarely.
    std::chrono::milliseconds settle{100};
    std::chrono::milliseconds reread{30'000};
  };
  using OnChange = std::function<void(const std::vector<WatchedGateway>&)>;

  // Calls `on_change` later: once if there are gateways, and then at each change.
  static Result<GatewayWatcher> start(uv::Loop& loop, const Log& log, OnChange on_change);
  static Result<GatewayWatcher> start(uv::Loop& loop, const Log& log, const Options& options,
                                      OnChange on_change);

  GatewayWatcher(GatewayWatcher&&) noexcept;
  GatewayWatcher& operator=(GatewayWatcher&&) noexcept;
  ~GatewayWatcher();

 private:
  struct Node;
  explicit GatewayWatcher(std::unique_ptr<Node> node);

  std::unique_ptr<Node> node_;
};

}  // namespace meshcheck::agent
