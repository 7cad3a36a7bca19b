// An IP address of a link.
#pragma once

#include <cstdint>

#include "lib/base/ip_address.h"

namespace meshcheck::netlink {

struct LinkAddress {
  enum class Scope : std::uint8_t { kGlobal, kSite, kLink, kHost, kOther };

  std::uint32_t link_index = 0;
  IpAddress address;  // Ours, also on a point-to-point link.
  std::uint8_t prefix_length = 0;
  Scope scope = Scope::kGlobal;
  bool tentative = false;  // IPv6: not usable yet, the kernel still looks for a duplicate...
  bool duplicate = false;  // ... and has found one.

  friend bool operator==(const LinkAddress&, const LinkAddress&) = default;
};

}  // namespace meshcheck::netlink
