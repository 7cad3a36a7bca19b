// The MTU that the kernel keeps for one destination, beside those of its routes and links.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "lib/base/ip_address.h"

namespace meshcheck::netlink {

// From an ICMP message that a packet was too big: an exception of a route, for a single address.
// The kernel shows those that it used since, from Linux 5.3 on.
struct CachedMtu {
  IpAddress destination;
  std::uint32_t mtu = 0;
  std::optional<std::chrono::milliseconds> expires_in;  // Nothing: never.

  friend bool operator==(const CachedMtu&, const CachedMtu&) = default;
};

}  // namespace meshcheck::netlink
