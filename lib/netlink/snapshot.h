// The kernel's tables of the network at one moment.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/netlink/address.h"
#include "lib/netlink/cached_mtu.h"
#include "lib/netlink/link.h"
#include "lib/netlink/neighbour.h"
#include "lib/netlink/route.h"
#include "lib/netlink/socket.h"

namespace meshcheck::netlink {

// A way out of the network, from a default route.
struct Gateway {
  IpAddress::Family family = IpAddress::Family::kIpv4;
  // Absent when the default route has a link but no gateway, as on a point-to-point link.
  std::optional<IpAddress> address;
  std::uint32_t link_index = 0;
  std::uint32_t metric = 0;
  bool down = false;

  friend bool operator==(const Gateway&, const Gateway&) = default;
};

// A value. Entries stand in the kernel's order.
struct Snapshot {
  // A node may have 50,000 routes, and an agent needs the default ones only.
  enum class Routes : std::uint8_t { kNone, kDefaults, kAll };
  struct Options {
    std::size_t links_max = 1024;
    std::size_t addresses_max = 4096;
    std::size_t routes_max = 65536;
    std::size_t neighbours_max = 65536;
    std::size_t cached_mtus_max = 1024;
    Routes routes = Routes::kAll;  // Unless kNone, cached MTUs too: the kernel tells both at once.
    bool neighbours = true;        // Socket::neighbour() asks for a single one.
  };
  // How many entries exceeded the bounds.
  struct LeftOut {
    std::size_t links = 0;
    std::size_t addresses = 0;
    std::size_t routes = 0;
    std::size_t neighbours = 0;
    std::size_t cached_mtus = 0;
  };

  // Of the calling thread's network namespace. Blocks for milliseconds; see Socket.
  static Result<Snapshot> take(const Options& options);
  static Result<Snapshot> take(Socket& socket, const Options& options);

  const Link* link(std::uint32_t index) const;  // Null when there is none.
  const Link* link(std::string_view name) const;
  std::vector<LinkAddress> addresses_of(std::uint32_t link_index) const;
  // IPv4 first, then IPv6; within a family the one in use first, which is the lowest metric.
  std::vector<Gateway> default_gateways() const;
  const Neighbour* neighbour_of(const Gateway& gateway) const;

  std::vector<Link> links;
  std::vector<LinkAddress> addresses;
  std::vector<Route> routes;
  std::vector<Neighbour> neighbours;
  std::vector<CachedMtu> cached_mtus;  // Of all tables.
  LeftOut left_out;
  // A table went on changing while it was read, several times over: an entry may be missing.
  bool inconsistent = false;
};

}  // namespace meshcheck::netlink
