// The bytes of an IP packet around a UDP payload.
#pragma once

#include <cstddef>

#include "lib/base/ip_address.h"

namespace meshcheck::probe {

// Without IPv4's options and IPv6's extension headers, of which probes have none.
constexpr std::size_t headers_of(IpAddress::Family family) {
  constexpr std::size_t kUdp = 8;
  constexpr std::size_t kIpv4 = 20;
  constexpr std::size_t kIpv6 = 40;
  return kUdp + (family == IpAddress::Family::kIpv4 ? kIpv4 : kIpv6);
}

// Of an IP packet of `size` bytes; 0 if its headers alone are larger.
constexpr std::size_t payload_of(std::size_t size, IpAddress::Family family) {
  return size > headers_of(family) ? size - headers_of(family) : 0;
}

}  // namespace meshcheck::probe
