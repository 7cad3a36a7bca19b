// A diagnosis' input: the mesh at one moment, as the holder of the reports sees it.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/time.h"
#include "mesh/path/direction.h"
#include "mesh/path/path.h"
#include "mesh/pmtu/fragmentation.h"
#include "mesh/report/probing_report.h"

namespace meshcheck::verdict {

using mesh::Cut;
using mesh::FragmentationClass;
using mesh::Layer;
using mesh::PathFamily;
using mesh::PathState;
using mesh::ProbeKind;
using mesh::Relation;

// A place in one of the lists of View.
using Index = std::uint32_t;
inline constexpr Index kNoIndex = std::numeric_limits<Index>::max();

// The orchestrator's state of a node, which is diagnosed all the same. A fault of a cordoned or
// terminating node raises no alarm; kNotReady only confirms a finding.
enum class Excuse : std::uint8_t { kNone, kCordoned, kNotReady, kTerminating };
using NodeExcuses = std::map<std::string, Excuse, std::less<>>;  // Of nodes that have one.
std::string_view text(Excuse excuse);  // "", "cordoned", "not ready", "terminating"

struct Node {
  std::string_view name;
  Index zone = kNoIndex;  // Of View::zones.
  Excuse excuse = Excuse::kNone;
};

struct Agent {
  // kStarved: its last report says that it did not run for a while.
  enum class Status : std::uint8_t {
    kReporting,
    kSilent,  // Outdated.
    kNeverReported,
    kStopping,
    kRestarted,  // So lately that reports about it are no evidence.
    kStarved,
  };

  std::string_view name;
  Index node = kNoIndex;
  Layer layer = Layer::kPod;
  Status status = Status::kReporting;
  bool expected = true;        // By the inventory; other agents are never missing.
  bool probes = true;          // Its report says so. Netchecker's agents do not probe.
  Clock::time_point reported;  // Its last report; of one that never reported, when it was due.
  Clock::duration report_interval{};        // 0: unknown.
  Clock::time_point started;                // Its session.
  std::chrono::milliseconds clock_jump{0};  // By how much its wall clock was set lately.
  std::chrono::milliseconds clock_skew{
      0};  // By how much its wall clock is ahead of the server's; 0: little.
  // Two agents report under this name, and the other one is there.
  bool duplicated = false;
  std::array<std::optional<IpAddress>, 2> other_addresses;
  // The first agent with an address and port of this one's; itself, if it is the first of several.
  // kNoIndex: no other agent has them.
  Index same_address = kNoIndex;
  // Where its reflector is reached, IPv4 and IPv6; only for sentences and commands.
  std::array<std::optional<IpAddress>, 2> addresses;
  std::uint16_t port = 0;  // The reflector's; 0: unknown.
};

// Whether it does not report, for any reason.
inline bool is_gone(Agent::Status status) {
  return status == Agent::Status::kSilent || status == Agent::Status::kNeverReported;
}

// One probed path as the holder of the reports judges it. `state` is kUnknown whenever the path is
// no evidence, whatever the reason.
struct Path {
  static constexpr std::uint32_t kNoTime = 0xffffffff;
  static constexpr std::uint16_t kNoAge = 0xffff;

  Index from = kNoIndex;  // Of agents.
  Index to = kNoIndex;    // Of agents if it is a peer or a twin, of gateways, or of targets.
  Relation relation : 4 = Relation::kPeer;
  ProbeKind kind : 4 = ProbeKind::kStamp;
  PathFamily family : 4 = PathFamily::kIpv4;
  PathState state : 4 = PathState::kUnknown;
  Cut cut : 4 = Cut::kNone;
  mesh::CrossCheck cross_check : 2 = mesh::CrossCheck::kNone;  // Only of one that is down.
  // It is down, and single answers came nevertheless: it loses most, and is not cut.
  bool trickles : 1 = false;
  // It was down within the last minute, so its losses may be from that time.
  bool recovering : 1 = false;
  // How many of `lost`, at least, are from the five to ten seconds before the report: see
  // RecentLosses.
  std::uint8_t lost_lately = 0;
  // Of the last minute: results and losses. The last two count only losses of known direction.
  std::uint16_t sent = 0;
  std::uint16_t lost = 0;
  std::uint16_t lost_forward = 0;
  std::uint16_t lost_backward = 0;
  // The age of the last answer when this was reported; kNoAge if there was none, or if the age is
  // unknown or too large.
  std::uint16_t answer_age_ms = kNoAge;
  Clock::time_point
      since;  // When the state began; if it is down, the last answer if that is later.
  // Round trips of the last minute, and this path's usual ones; kNoTime where unknown.
  std::uint32_t p50_us = kNoTime;
  std::uint32_t p90_us = kNoTime;
  std::uint32_t usual_p50_us = kNoTime;
  std::uint32_t usual_p90_us = kNoTime;
};

// The sizes that one direction of a path carries. `sender` is the agent whose link is compared.
struct SizeResult {
  Index sender = kNoIndex;
  Index receiver = kNoIndex;
  Index path = kNoIndex;  // The path that this is a direction of: the evidence.
  PathFamily family = PathFamily::kIpv4;
  FragmentationClass fragmentation_class = FragmentationClass::kUnknown;
  std::uint16_t size = 0;  // The largest that passes; 0: not even the smallest.
  std::uint16_t link_mtu = 0;
  Clock::time_point since;
};

// Plain values, to be filled in one pass. Every index is one of the lists; a path to an agent that
// is not listed is left out. clear() keeps the memory, so refilling a view of the same size
// allocates nothing. Names are views into texts of the filler, which must live as long as the view
// is used. The filler bounds it.
struct View {
  Clock::time_point now;
  Clock::duration probe_interval = std::chrono::seconds(1);
  // Of DNS and other targets, and the time after which a look-up counts as lost.
  Clock::duration target_interval = std::chrono::seconds(5);
  Clock::duration target_timeout = std::chrono::seconds(3);
  // Bytes by which the overlay's outer packet is larger than the inner one; 0: not known.
  std::uint16_t overlay_overhead = 0;

  std::vector<std::string_view> zones;
  std::vector<Node> nodes;
  std::vector<Agent> agents;
  std::vector<std::string_view> gateways;  // By address.
  std::vector<std::string_view> targets;   // As configured.
  std::vector<Path> paths;
  std::vector<SizeResult> sizes;
  // By place_between(): the usual median of paths between two zones, for paths that have none yet;
  // kNoTime where unknown. See UsualTimes; empty: not kept.
  std::vector<std::uint32_t> usual_between_us;

  // By layer and zones of a path between agents; kNoIndex without zones.
  std::size_t place_between(const Path& path) const;
  void clear();
};

inline std::size_t View::place_between(const Path& path) const {
  const Index from = agents[path.from].node;
  const Index to = agents[path.to].node;
  if (from == kNoIndex || to == kNoIndex) return kNoIndex;
  const Index zone = nodes[from].zone;
  const Index other = nodes[to].zone;
  if (zone == kNoIndex || other == kNoIndex) return kNoIndex;
  const std::size_t pair = std::min(zone, other) * zones.size() + std::max(zone, other);
  return 2 * pair + (agents[path.from].layer == Layer::kHost ? 1 : 0);
}

inline void View::clear() {
  zones.clear();
  nodes.clear();
  agents.clear();
  gateways.clear();
  targets.clear();
  paths.clear();
  sizes.clear();
  usual_between_us.clear();
}

// A million of them may be there.
static_assert(sizeof(Path) <= 48);

}  // namespace meshcheck::verdict
