// The agent's part of the mesh: probes peers, gateways and targets, and answers probes.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/config.h"
#include "agent/probing/gateway_watcher.h"
#include "agent/probing/icmp_fragments.h"
#include "agent/probing/ordered_pings.h"
#include "agent/probing/peer_pings.h"
#include "agent/probing/target_prober.h"
#include "checks/context.h"
#include "lib/uv/loop.h"
#include "lib/uv/timer.h"
#include "mesh/assignment/assignment.h"
#include "mesh/report/probing_report.h"
#include "probe/pmtu_prober.h"
#include "probe/stamp_prober.h"
#include "probe/stamp_reflector.h"

namespace meshcheck::agent {

// Without a server it keeps the last assignment; without one address family it uses the other;
// without ICMP it makes the other probes. On the loop's thread.
class MeshProber {
 public:
  // `on_change`: a path went down or came back, or a fault of packet sizes began or ended. `config`
  // outlives it.
  MeshProber(uv::Loop& loop, const Config& config, const std::function<void()>& on_change);

  void assign(mesh::Assignment assignment);
  bool assigned() const { return !assignment_.revision.empty(); }

  // Counts the paths to agents of the same network, one for each address.
  checks::PathCounts path_counts() const;
  std::optional<std::uint32_t> rank() const { return assignment_.rank; }

  // This agent's own addresses. From the next assignment on, peers that cannot be reached from
  // them, and those at this agent's own reflector, are left out.
  void set_own_addresses(const std::vector<IpAddress>& addresses) { own_addresses_ = addresses; }
  // The MTUs of the links that probes leave by, in bytes: IPv4's, IPv6's; 0: unknown. From now on
  // sizes are probed up to them.
  void set_link_mtus(const std::array<std::uint32_t, 2>& mtus);
  // Asks the kernel how many packets the reflector's sockets have dropped, and logs how many the
  // reflector left unanswered. To be called once a report.
  void count_drops();
  // Fills in all but the layer, the addresses, the MTUs of their links and the agent's uptime.
  void describe(mesh::ProbingReport& report);
  // The last report that was described has arrived.
  void report_arrived() { ordered_.report_arrived(); }

 private:
  struct PeerPath {
    std::uint32_t id = 0;
    std::string to;
    mesh::Relation relation = mesh::Relation::kPeer;
    mesh::PathFamily family = mesh::PathFamily::kNone;
    Endpoint endpoint;
    std::uint32_t link_mtu = 0;  // Of the peer; 0: unknown.
  };

  mesh::PathState state_of(std::uint32_t id) const;
  void start_reflector();
  void watch_gateways();
  void take_key(const std::string& secret);
  void ask_with_key();
  void take_peers();
  bool may_probe(const Endpoint& peer) const;
  void set_size_paths();
  void describe_paths(mesh::ProbingReport& report) const;

  uv::Loop& loop_;
  const Config& config_;
  std::uint16_t ssid_ = 0;
  mesh::Assignment assignment_;
  std::string secret_;  // Of the assignment. A new one is good for answering at once, and for
                        // asking when all agents have had the time to hear of it.
  std::optional<probe::StampReflector> reflector_;
  probe::StampProber stamp_;
  probe::PmtuProber sizes_;
  IcmpFragments fragments_;  // Of pings that are too large for one packet.
  PeerPings pings_;
  OrderedPings ordered_;
  TargetProber targets_;
  std::optional<GatewayWatcher> gateways_;
  // A peer's path keeps its number, and so its history, as long as it is assigned.
  std::map<std::pair<std::string, Endpoint>, std::uint32_t> ids_;
  std::uint32_t next_id_ = 0;
  std::vector<PeerPath> peers_;
  std::vector<IpAddress> own_addresses_;
  std::array<std::uint32_t, 2> own_link_mtus_{};
  std::uint64_t reflector_drops_ = 0;
  std::uint64_t unanswered_ = 0;  // Packets above the reflector's rate limit; as last logged.
  uv::Timer key_timer_;
};

}  // namespace meshcheck::agent
