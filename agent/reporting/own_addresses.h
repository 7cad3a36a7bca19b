// The addresses at which peers reach an agent, and where each is known from.
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

// Asks the kernel which sources it would use. Of a server's addresses of one family the lowest
// counts, so the order in a DNS answer makes no difference.
RouteSources read_route_sources(const std::vector<std::string>& server_addresses);

// The agent's own addresses, as its settings give them.
struct GivenAddresses {
  std::vector<IpAddress> by_flag;  // Taken as they are: there may be a NAT between.
  std::vector<IpAddress> of_pod;   // Only those that a link has: a node's may have changed.
};

// Returns the addresses that no link of this network has; none if the snapshot is incomplete.
std::vector<IpAddress> missing_addresses(const netlink::Snapshot& snapshot,
                                         const std::vector<IpAddress>& addresses);

// The given addresses. Those of the pod that are gone are replaced by what find_own_addresses()
// returns for their families.
std::vector<OwnAddress> own_addresses(const netlink::Snapshot& snapshot,
                                      const GivenAddresses& given, const RouteSources& routes);

// Returns at most one address of each family, without looking at settings: the source of the route
// to the server, else that of the default route, else an address of a link. An overlay's address
// leads to pods and not to the node, so links of an overlay and links that are down come last.
std::vector<OwnAddress> find_own_addresses(const netlink::Snapshot& snapshot,
                                           const RouteSources& routes);

}  // namespace meshcheck::agent
