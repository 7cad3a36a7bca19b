// What netlink says of the network namespace, as parts of a report.
#pragma once

#include <optional>
#include <vector>

#include "lib/agent/config.h"
#include "lib/netlink/snapshot.h"
#include "mesh/report/report.h"

namespace meshcheck::agent {

// `ips`, links and gateways; of the host's network also counters and routes.
void describe_network(const netlink::Snapshot& snapshot, Layer layer, mesh::Report& report);

// Where peers reach this network: an address of each family at most, of the link with the default
// route or, without one, of the first link that has any.
std::vector<IpAddress> probe_addresses(const netlink::Snapshot& snapshot);

// Takes the snapshots over one netlink socket, which it opens at the first and after an error. Of
// the namespace of the thread at that time. Blocks for milliseconds.
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
