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

// Where peers reach this network: an address of each family at most, of the link with the default
// route or, without one, of the first link that has any.
std::vector<IpAddress> probe_addresses(const netlink::Snapshot& snapshot);

// For each address the MTU of the link that has it; 0 if none has.
std::vector<std::uint32_t> probe_link_mtus(const netlink::Snapshot& snapshot,
                                           const std::vector<IpAddress>& addresses);

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
