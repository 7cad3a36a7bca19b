// The server's record of one agent's last mesh report.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/time.h"
#include "mesh/report/probing_report.h"
#include "mesh/table/path_memory.h"
#include "mesh/table/path_row.h"
#include "mesh/table/pmtu_row.h"
#include "mesh/table/session_memory.h"

namespace meshcheck::mesh {

struct MeshAgent;

// The sums of a node's agents of one layer. Totals and round trips only grow: an agent's counts of
// an ended session stay in them.
struct MeshSeries {
  PathTotals totals;
  RttHistogram round_trips;
  std::uint64_t unresolved = 0;  // Losses of unknown direction in the present sessions.
  NameTable::Id node = NameTable::kNone;
  std::size_t agents = 0;  // 0: the series goes away.
  // The agent that reported last; null if it is gone or has said goodbye.
  const MeshAgent* latest = nullptr;
  MeshSeries* other_layer = nullptr;  // Of the same node, if it has one.
};

struct MeshAgent {
  NameTable::Id name = NameTable::kNone;
  NameTable::Id node = NameTable::kNone;
  NameTable::Id clock = NameTable::kNone;
  NameTable::Id icmp = NameTable::kNone;
  Layer layer = Layer::kPod;
  bool stopping = false;
  bool takes_pings = false;  // Orders of them: see PingDesk.
  LargeLoss large_loss;
  std::array<std::uint16_t, 2> tunnel_overheads{};  // Of its overlay, over IPv4 and IPv6; 0: none.
  std::uint16_t ssid = 0;
  SessionMemory sessions;
  std::array<std::optional<IpAddress>, 2> addresses;  // IPv4, IPv6
  // Of the other agent of this name, once the two alternate.
  std::array<std::optional<IpAddress>, 2> other_addresses;
  std::uint16_t port = 0;      // Of its reflector; 0: it has none.
  Clock::time_point received;  // The last report.
  Clock::time_point started;   // Of its session.
  Clock::duration report_interval{};
  std::chrono::milliseconds uptime{0};  // As last reported.
  std::uint64_t starved = 0;
  bool starved_lately = false;   // It grew with the last report.
  std::optional<WallTime> wall;  // Its own wall clock, when it reported.
  // By how much that was ahead of the server's at the last report, and at the one before.
  std::array<std::chrono::milliseconds, 2> clock_ahead{};
  std::chrono::milliseconds clock_jump{0};  // By how much it was set, the last time...
  Clock::time_point clock_jumped;           // ... that it was.
  std::uint64_t receive_drops = 0;
  PathTotals totals;  // As last reported...
  // ... and the most reported in its session, which is in the series.
  PathTotals counted;
  RttHistogram counted_round_trips;
  std::string revision;  // Of the assignment it has.
  std::vector<PathRow> rows;
  std::vector<PathMemory> memories;  // Of the rows, in their order.
  std::vector<PmtuRow> mtus;         // In their order.
  std::vector<HeardRow> heard;
  MeshSeries* series = nullptr;

  const std::optional<IpAddress>& address(PathFamily family) const {
    return addresses[family == PathFamily::kIpv6 ? 1 : 0];
  }
};

}  // namespace meshcheck::mesh
