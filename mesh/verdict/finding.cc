#include "mesh/verdict/finding.h"

namespace meshcheck::verdict {
namespace {

template <typename Enum, std::size_t kCount>
std::string_view name_of(const std::array<std::string_view, kCount>& names, Enum value) {
  return names[static_cast<std::size_t>(value)];
}

// Of those that were asked, so many have to answer: an echo may be lost by chance.
constexpr double kPassShare = 0.9;
// Of a network that is cut, so many may: their last answer may be older than the cut.
constexpr double kLostShare = 0.1;

constexpr std::array<std::string_view, 23> kKinds = {
    "node_down",        "agent_down",         "pod_network",
    "host_link",        "twin_path",          "gateway",
    "mtu_black_hole",   "fragments_dropped",  "overlay_mtu",
    "reachability",     "partial_loss",       "latency",
    "zone_partition",   "zone_degradation",   "dns",
    "target",           "server_unreachable", "agent_starved",
    "clock_jump",       "clock_skew",         "duplicate_agent",
    "address_conflict", "kubernetes_api"};
constexpr std::array<std::string_view, 9> kTypes = {
    "all", "zone", "zone_pair", "node", "node_pair", "agent", "gateway", "target", "server"};
constexpr std::array<std::string_view, 3> kScopes = {"pod", "host", "both"};
constexpr std::array<std::string_view, 4> kWays = {"both", "out", "in", "unknown"};
constexpr std::array<std::string_view, 3> kSeverities = {"info", "warning", "critical"};
constexpr std::array<std::string_view, 4> kExcuses = {"", "cordoned", "not ready", "terminating"};

}  // namespace

std::string_view text(Kind kind) {
  return name_of(kKinds, kind);
}
std::string_view text(Subject::Type type) {
  return name_of(kTypes, type);
}
std::string_view text(Scope scope) {
  return name_of(kScopes, scope);
}
std::string_view text(Way way) {
  return name_of(kWays, way);
}
std::string_view text(Severity severity) {
  return name_of(kSeverities, severity);
}
std::string_view text(Excuse excuse) {
  return name_of(kExcuses, excuse);
}

void CrossChecks::add(const View& view, Index at) {
  const Path& path = view.paths[at];
  answered += path.cross_check == mesh::CrossCheck::kAnswered ? 1 : 0;
  unanswered += path.cross_check == mesh::CrossCheck::kUnanswered ? 1 : 0;
  if (path.relation != Relation::kPeer && path.relation != Relation::kTwin) return;
  const std::uint16_t of_path = view.agents[path.to].port;
  port = of_path == port.value_or(of_path) ? of_path : std::uint16_t{0};
}

Pings pings_of(const CrossChecks& cross, std::uint32_t failing) {
  const std::uint32_t known = cross.answered + cross.unanswered;
  if (known == 0 || 2 * known < failing) return Pings::kUnknown;
  if (cross.answered >= kPassShare * known) return Pings::kPass;
  return cross.answered > kLostShare * known ? Pings::kSome : Pings::kLost;
}

Pings pings_of(const Finding& finding) {
  return pings_of(finding.cross_checks, finding.failing);
}

bool is_port_closed(const Finding& finding) {
  switch (finding.kind) {
    case Kind::kPodNetwork:
    case Kind::kHostLink:
    case Kind::kReachability:
    case Kind::kZonePartition:
    case Kind::kTwinPath:
      return pings_of(finding) == Pings::kPass;
    default:
      return false;
  }
}

}  // namespace meshcheck::verdict
