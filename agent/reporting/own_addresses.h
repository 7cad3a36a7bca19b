// Where peers reach an agent, and who says so.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/netlink/snapshot.h"

namespace meshcheck::agent {

struct OwnAddress {
  // In the order in which they are asked.
  enum class Origin : std::uint8_t { kFlag, kPod, kServerRoute, kDefaultRoute, kLink };

  IpAddress address;
  Origin origin = Origin::kLink;

  friend bool operator==(const OwnAddress&, const OwnAddress&) = default;
};

// "-addresses", "MY_POD_IPS", "the route to the server", ...
std::string_view text(OwnAddress::Origin origin);
// "10.0.0.1 by the route to the server, fd00::1 by a link"
std::string text(const std::vector<OwnAddress>& addresses);

// Of each family, IPv4 first; nothing where there is no such route.
struct RouteSource {
  std::optional<IpAddress> to_server;   // The source of the route to the server, ...
  std::optional<IpAddress> server;      // ... which is here.
  std::optional<IpAddress> to_default;  // The source of the default route.
};
using RouteSources = std::array<RouteSource, 2>;

// Asks the kernel by what it would send. Of a server's addresses of one family the lowest counts,
// so that a name server that changes their order changes nothing.
RouteSources read_route_sources(const std::vector<std::string>& server_addresses);

// What settings say of the agent's own addresses.
struct GivenAddresses {
  std::vector<IpAddress> by_flag;  // Taken as they are: there may be a NAT between.
  std::vector<IpAddress> of_pod;   // Only those that a link has: a node's may have changed.
};

// Those that no link of this network has; none if the kernel has told of a part of them only.
std::vector<IpAddress> missing_addresses(const netlink::Snapshot& snapshot,
                                         const std::vector<IpAddress>& addresses);

// The given ones and, in the place of those of the pod that are gone, what find_own_addresses()
// has of their families.
std::vector<OwnAddress> own_addresses(const netlink::Snapshot& snapshot,
                                      const GivenAddresses& given, const RouteSources& routes);

// An address of each family at most, that no setting says: the source of the route to the server,
// else that of the default route, else an address of a link. An overlay's address tells where the
// pods are and not the node, so that links of an overlay are the last, with those that are down.
std::vector<OwnAddress> find_own_addresses(const netlink::Snapshot& snapshot,
                                           const RouteSources& routes);

}  // namespace meshcheck::agent
