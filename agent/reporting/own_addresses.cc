#include "agent/reporting/own_addresses.h"

#include <algorithm>

#include "agent/reporting/network_facts.h"
#include "lib/netlink/source_address.h"

namespace meshcheck::agent {
namespace {

using Family = IpAddress::Family;
using netlink::Link;
using netlink::LinkAddress;
using netlink::Snapshot;

constexpr std::array<Family, 2> kFamilies = {Family::kIpv4, Family::kIpv6};
constexpr std::array<std::string_view, 5> kOrigins = {
    "-addresses", "MY_POD_IPS", "the route to the server", "the default route", "a link"};
// Of RFC 5737 and RFC 3849: nobody has them, and only a default route leads there.
constexpr std::array<std::string_view, 2> kNobody = {"192.0.2.1", "2001:db8::1"};

// A bridge that only pods or virtual machines are on, as cni0 and docker0 are. One with a card in
// it is how the node itself reaches the network.
bool is_inner_bridge(const Snapshot& snapshot, const Link& link) {
  if (link.kind != "bridge") return false;
  return std::none_of(snapshot.links.begin(), snapshot.links.end(), [&](const Link& port) {
    return port.master == link.index && port.kind != "veth" && port.kind != "tun";
  });
}

// WireGuard connects hosts as often as it carries an overlay: a route to the server decides.
bool carries_pods(const Snapshot& snapshot, const Link& link) {
  return (is_tunnel(link) && link.kind != "wireguard") || is_inner_bridge(snapshot, link);
}

bool is_usable(const LinkAddress& address) {
  return !address.tentative && !address.duplicate && !address.address.is_loopback() &&
         address.scope == LinkAddress::Scope::kGlobal;
}

const Link* link_of(const Snapshot& snapshot, const IpAddress& address) {
  const auto carried = std::find_if(
      snapshot.addresses.begin(), snapshot.addresses.end(),
      [&](const LinkAddress& other) { return is_usable(other) && other.address == address; });
  return carried == snapshot.addresses.end() ? nullptr : snapshot.link(carried->link_index);
}

// Links with the default route, the others, loopback, and what is most likely not the node's.
int rank(const Snapshot& snapshot, const Link& link, Family family) {
  for (const netlink::Gateway& gateway : snapshot.default_gateways()) {
    if (gateway.family == family && !gateway.down && gateway.link_index == link.index) return 0;
  }
  if (!link.running || is_tunnel(link) || link.kind == "dummy" || is_inner_bridge(snapshot, link)) {
    return 3;
  }
  return link.loopback ? 2 : 1;
}

std::optional<IpAddress> address_of_a_link(const Snapshot& snapshot, Family family) {
  const LinkAddress* best = nullptr;
  int best_rank = 0;
  for (const LinkAddress& address : snapshot.addresses) {
    const Link* const link = snapshot.link(address.link_index);
    if (link == nullptr || address.address.family() != family || !is_usable(address)) continue;
    const int its_rank = rank(snapshot, *link, family);
    if (best == nullptr || its_rank < best_rank) {
      best = &address;
      best_rank = its_rank;
    }
  }
  return best == nullptr ? std::nullopt : std::optional(best->address);
}

std::optional<OwnAddress> find(const Snapshot& snapshot, const RouteSource& route, Family family) {
  // A server at one of our own addresses is on this node, or its address is a Service's that IPVS
  // keeps here: neither says where others reach us.
  if (route.to_server && route.to_server != route.server) {
    const Link* const link = link_of(snapshot, *route.to_server);
    // A server that is a pod is reached over the overlay.
    if (link != nullptr && !carries_pods(snapshot, *link)) {
      return OwnAddress{.address = *route.to_server, .origin = OwnAddress::Origin::kServerRoute};
    }
  }
  if (route.to_default && link_of(snapshot, *route.to_default) != nullptr) {
    return OwnAddress{.address = *route.to_default, .origin = OwnAddress::Origin::kDefaultRoute};
  }
  const auto address = address_of_a_link(snapshot, family);
  if (!address) return std::nullopt;
  return OwnAddress{.address = *address, .origin = OwnAddress::Origin::kLink};
}

}  // namespace

std::string_view text(OwnAddress::Origin origin) {
  return kOrigins[static_cast<std::size_t>(origin)];
}

std::string text(const std::vector<OwnAddress>& addresses) {
  std::string result;
  for (const OwnAddress& own : addresses) {
    if (!result.empty()) result += ", ";
    result += own.address.text();
    result += " by ";
    result += text(own.origin);
  }
  return result;
}

RouteSources read_route_sources(const std::vector<std::string>& server_addresses) {
  RouteSources routes;
  for (const std::string& server_address : server_addresses) {
    const auto address = IpAddress::parse(server_address);
    if (!address) continue;
    auto& server = routes[index_of(address->family())].server;
    if (!server || *address < *server) server = *address;
  }
  for (const Family family : kFamilies) {
    RouteSource& route = routes[index_of(family)];
    if (route.server) route.to_server = netlink::source_address(*route.server);
    route.to_default = netlink::source_address(*IpAddress::parse(kNobody[index_of(family)]));
  }
  return routes;
}

std::vector<IpAddress> missing_addresses(const Snapshot& snapshot,
                                         const std::vector<IpAddress>& addresses) {
  std::vector<IpAddress> missing;
  if (snapshot.left_out.addresses > 0) return missing;
  for (const IpAddress& address : addresses) {
    const bool carried =
        std::any_of(snapshot.addresses.begin(), snapshot.addresses.end(),
                    [&](const LinkAddress& other) { return other.address == address; });
    if (!carried) missing.push_back(address);
  }
  return missing;
}

std::vector<OwnAddress> own_addresses(const Snapshot& snapshot, const GivenAddresses& given,
                                      const RouteSources& routes) {
  std::vector<OwnAddress> own;
  for (const IpAddress& address : given.by_flag) {
    own.push_back({.address = address, .origin = OwnAddress::Origin::kFlag});
  }
  if (!own.empty()) return own;
  if (given.of_pod.empty()) return find_own_addresses(snapshot, routes);
  const std::vector<IpAddress> missing = missing_addresses(snapshot, given.of_pod);
  for (const IpAddress& address : given.of_pod) {
    if (std::find(missing.begin(), missing.end(), address) == missing.end()) {
      own.push_back({.address = address, .origin = OwnAddress::Origin::kPod});
    } else if (const auto other =
                   find(snapshot, routes[index_of(address.family())], address.family())) {
      own.push_back(*other);
    }
  }
  return own;
}

std::vector<OwnAddress> find_own_addresses(const Snapshot& snapshot, const RouteSources& routes) {
  std::vector<OwnAddress> addresses;
  for (const Family family : kFamilies) {
    if (const auto own = find(snapshot, routes[index_of(family)], family)) {
      addresses.push_back(*own);
    }
  }
  return addresses;
}

}  // namespace meshcheck::agent
