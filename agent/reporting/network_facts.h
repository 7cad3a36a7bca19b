// What netlink says of the network namespace, as parts of a report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/config.h"
#include "lib/netlink/snapshot.h"
#include "mesh/report/report.h"

namespace meshcheck::agent {

// `ips`, links, gateways and cached MTUs; of the host's network also counters and routes.
void describe_network(const netlink::Snapshot& snapshot, Layer layer, mesh::Report& report);

// Says of gateways that answer no pings any more whether they have answered ARP or NDP since: then
// they live, and may well forward. One that is dead stays REACHABLE for up to a minute, so that the
// state of its entry proves nothing. REQUIRES: the report has gateways and paths.
void cross_check_gateways(mesh::Report& report);

// For each address the MTU of the link that has it, and for one that loopback has, as on a host
// whose routes are learned, that of the default route's link; 0: none is known.
std::vector<std::uint32_t> probe_link_mtus(const netlink::Snapshot& snapshot,
                                           const std::vector<IpAddress>& addresses);

// Of a kind that an overlay between hosts may be.
bool is_tunnel(const netlink::Link& link);
// The kind of the first tunnel that works: what an overlay between hosts sends by. Empty: none.
std::string tunnel_kind(const netlink::Snapshot& snapshot);

// Takes the snapshots over one netlink socket, which it opens at the first and after an error. Of
// the namespace of the thread at that time. With the offloads of as many links as a report has.
// Blocks for milliseconds.
class NetworkReader {
 public:
  explicit NetworkReader(Layer layer) : layer_(layer) {}

  Result<netlink::Snapshot> read();

 private:
  Result<netlink::Snapshot> read_from(netlink::Socket& socket) const;

  Layer layer_;
  std::optional<netlink::Socket> socket_;
};

}  // namespace meshcheck::agent
