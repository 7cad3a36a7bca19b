// An entry of the main routing table.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/base/ip_address.h"

namespace meshcheck::netlink {

struct Route {
  enum class Type : std::uint8_t {
    kUnicast,
    kLocal,
    kBroadcast,
    kMulticast,
    kBlackhole,
    kUnreachable,
    kProhibit,
    kOther,
  };
  struct NextHop {
    // Absent: the destination is on the link itself. May be of the other family (IPv4 via IPv6).
    std::optional<IpAddress> gateway;
    std::uint32_t link_index = 0;
    std::uint16_t weight = 1;
    bool down = false;  // The kernel knows that its link is down or has no carrier.

    friend bool operator==(const NextHop&, const NextHop&) = default;
  };

  IpAddress destination;  // All zeros with prefix 0: the default route of that family.
  std::uint8_t prefix_length = 0;
  Type type = Type::kUnicast;
  std::uint32_t table = 0;
  std::uint32_t metric = 0;  // The lowest wins.
  std::uint32_t mtu = 0;     // 0: the link's.
  // Several for a multipath route; none for one that drops.
  std::vector<NextHop> next_hops;

  IpAddress::Family family() const { return destination.family(); }
  bool is_default() const { return type == Type::kUnicast && prefix_length == 0; }

  friend bool operator==(const Route&, const Route&) = default;
};

// "unicast", "blackhole", ... as `ip route` has it.
std::string_view text(Route::Type type);

}  // namespace meshcheck::netlink
