// netlink's data of the network namespace, as parts of a report.
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

// Notes of each gateway that stopped answering pings whether it has answered ARP or NDP since: then
// it lives, and may well forward. The entry of a dead gateway stays REACHABLE for up to a minute,
// so its state proves nothing. REQUIRES: the report has gateways and paths.
void cross_check_gateways(mesh::Report& report);

// Returns for each address the MTU of the link that has it; for an address of loopback, as on a
// host whose routes are learned, that of the default route's link; 0: unknown.
std::vector<std::uint32_t> probe_link_mtus(const netlink::Snapshot& snapshot,
                                           const std::vector<IpAddress>& addresses);

// Whether the link's kind is one that overlays between hosts use.
bool is_tunnel(const netlink::Link& link);
// The kind of the first tunnel that works, which an overlay between hosts sends by. Empty: none.
std::string tunnel_kind(const netlink::Snapshot& snapshot);

// Takes the snapshots over one netlink socket, opened for the first one and after an error, in the
// namespace that the thread has then. Reads the offloads of as many links as a report has. Blocks
// for milliseconds.
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
