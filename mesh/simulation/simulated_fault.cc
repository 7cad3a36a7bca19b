#include "mesh/simulation/simulated_fault.h"

#include <algorithm>
#include <array>
#include <utility>

namespace meshcheck::verdict::simulation {
namespace {

using Type = Fault::Type;

constexpr std::array<std::string_view, Fault::kTypes> kNames = {
    "node down",        "link down",         "host link",          "agent down",
    "pod network",      "twin path",         "gateway of node",    "gateway of all",
    "pair cut",         "pair one way",      "node one way",       "IPv6 of node",
    "loss of node",     "loss of zones",     "latency of node",    "latency of zones",
    "zones parted",     "zone cut off",      "DNS of all",         "DNS of node",
    "server from node", "server from zone",  "agent starved",      "port MTU",
    "port MTU one way", "fragments dropped", "overlay MTU of all", "port of node",
    "port of hosts"};

bool is_shared(Type type) {
  return type == Type::kGatewayOfAll || type == Type::kDnsOfAll || type == Type::kOverlayMtuOfAll ||
         type == Type::kPortOfHosts;
}
bool is_of_zones(const Fault& fault) {
  return fault.zone != kNoIndex;
}

bool within(const Fault& fault, Layer layer) {
  return fault.scope == Scope::kBoth || (layer == Layer::kHost) == (fault.scope == Scope::kHost);
}

// Whether a packet from one to the other passes the node's port in a way that the fault breaks.
bool through_port(const Fault& fault, const Hop& hop) {
  if (hop.from == fault.node && hop.to != fault.node) return fault.way != Way::kIn;
  return hop.to == fault.node && hop.from != fault.node && fault.way != Way::kOut;
}

bool between_zones(const Fault& fault, const Hop& hop, const Cluster& cluster) {
  if (hop.to == kNoIndex) return false;
  const Index from = cluster.zone_of[hop.from];
  const Index to = cluster.zone_of[hop.to];
  if (fault.type == Type::kZoneCutOff) return (from == fault.zone) != (to == fault.zone);
  return (from == fault.zone && to == fault.other_zone) ||
         (from == fault.other_zone && to == fault.zone);
}

}  // namespace

std::string_view text(Fault::Type type) {
  return kNames[static_cast<std::size_t>(type)];
}

std::string node_name(Index node) {
  return "node-" + std::to_string(node);
}
std::string zone_name(Index zone) {
  return "zone-" + std::to_string(zone);
}
std::string agent_name(Index node, Layer layer) {
  return (layer == Layer::kHost ? "host-" : "pod-") + std::to_string(node);
}

Fault random_fault(Fault::Type type, const Cluster& cluster, Random& random) {
  Fault fault{.type = type};
  const auto node = [&] { return static_cast<Index>(random.below(cluster.nodes)); };
  const bool zones = type == Type::kLossOfZones || type == Type::kLatencyOfZones ||
                     type == Type::kZonesParted || type == Type::kZoneCutOff ||
                     type == Type::kServerFromZone;
  if (zones) {
    fault.zone = static_cast<Index>(random.below(cluster.zones));
    fault.other_zone =
        static_cast<Index>((fault.zone + 1 + random.below(cluster.zones - 1)) % cluster.zones);
  } else if (!is_shared(type)) {
    fault.node = node();
  }
  if (type == Type::kPairCut || type == Type::kPairOneWay) {
    while (fault.other == kNoIndex || fault.other == fault.node) fault.other = node();
    fault.scope = random.below(2) == 0 ? Scope::kPod : Scope::kBoth;
  }
  if (type == Type::kNodeOneWay) fault.scope = random.below(2) == 0 ? Scope::kPod : Scope::kBoth;
  if (type == Type::kNodeOneWay || type == Type::kPortMtuOneWay) {
    fault.way = random.below(2) == 0 ? Way::kOut : Way::kIn;
  }
  if (type == Type::kAgentDown || type == Type::kAgentStarved) {
    fault.scope = random.below(2) == 0 ? Scope::kPod : Scope::kHost;
  }
  if (type == Type::kLossOfNode || type == Type::kLossOfZones) {
    fault.loss = 0.05 + 0.01 * static_cast<double>(random.below(26));
  }
  if (type == Type::kLatencyOfNode || type == Type::kLatencyOfZones) {
    fault.delay_us = 3000 + static_cast<std::uint32_t>(random.below(40'000));
  }
  return fault;
}

bool hides(const Fault& a, const Fault& b, const Cluster& cluster) {
  const auto of_server = [](const Fault& fault) {
    return fault.type == Type::kServerFromNode || fault.type == Type::kServerFromZone;
  };
  const auto silences = [](const Fault& fault) {
    return fault.type == Type::kZonesParted || fault.type == Type::kZoneCutOff;
  };
  // The server sees its own zone alone.
  const auto blinds = [&](const Fault& fault) {
    return fault.type == Type::kZoneCutOff && fault.zone == cluster.server_zone;
  };
  if (blinds(a) || blinds(b)) return true;
  if (a.type == b.type && (is_shared(a.type) || is_of_zones(a))) return true;
  if (is_of_zones(a) && is_of_zones(b)) return true;
  // Who cannot report and cannot be asked about cannot be told from a dead zone.
  if ((of_server(a) && silences(b)) || (of_server(b) && silences(a))) return true;
  const auto zone_hides = [&](const Fault& zones, const Fault& other) {
    if (!is_of_zones(zones) || other.node == kNoIndex) return false;
    const auto in = [&](Index node) {
      if (node == kNoIndex) return false;
      const Index zone = cluster.zone_of[node];
      return zone == zones.zone || zone == zones.other_zone;
    };
    return in(other.node) || in(other.other);
  };
  // A zone that is cut off or silent hides what is in it; what merely is slow does not, but the
  // shares of the same counts overlap.
  if (zone_hides(a, b) || zone_hides(b, a)) return true;
  const auto shared_hides = [](const Fault& all, const Fault& one) {
    return (all.type == Type::kGatewayOfAll && one.type == Type::kGatewayOfNode) ||
           (all.type == Type::kDnsOfAll && one.type == Type::kDnsOfNode) ||
           (all.of_sizes() && one.of_sizes());
  };
  if (shared_hides(a, b) || shared_hides(b, a)) return true;
  const auto touches = [](const Fault& fault, Index node) {
    return node != kNoIndex && (fault.node == node || fault.other == node);
  };
  return touches(a, b.node) || touches(a, b.other);
}

double loss_of(const Fault& fault, const Hop& hop, const Cluster& cluster) {
  const bool peer = hop.relation == Relation::kPeer;
  const bool edge = hop.relation == Relation::kGateway || hop.relation == Relation::kTarget;
  const bool of_node = hop.from == fault.node || (hop.to == fault.node && fault.node != kNoIndex);
  switch (fault.type) {
    case Type::kNodeDown:
      return of_node ? 1 : 0;
    case Type::kLinkDown:
    case Type::kHostLink:
      if (hop.relation == Relation::kGateway && hop.layer == Layer::kPod) return 0;
      return of_node && (peer || edge) ? 1 : 0;
    case Type::kPodNetwork:
      return of_node && peer && hop.layer == Layer::kPod ? 1 : 0;
    case Type::kTwinPath:
      return of_node && hop.relation == Relation::kTwin ? 1 : 0;
    case Type::kGatewayOfNode:
      return of_node && hop.relation == Relation::kGateway && hop.layer == Layer::kHost ? 1 : 0;
    case Type::kGatewayOfAll:
      return hop.relation == Relation::kGateway && hop.layer == Layer::kHost ? 1 : 0;
    case Type::kPairCut:
    case Type::kPairOneWay: {
      const bool there = hop.from == fault.node && hop.to == fault.other;
      const bool back = hop.from == fault.other && hop.to == fault.node;
      if (!peer || !within(fault, hop.layer)) return 0;
      return there || (back && fault.type == Type::kPairCut) ? 1 : 0;
    }
    case Type::kNodeOneWay:
      return peer && within(fault, hop.layer) && through_port(fault, hop) ? 1 : 0;
    case Type::kIpv6OfNode:
      return peer && of_node && hop.family == PathFamily::kIpv6 ? 1 : 0;
    case Type::kLossOfNode:
      if (hop.relation == Relation::kGateway && hop.layer == Layer::kPod) return 0;
      return (peer || edge) && of_node ? fault.loss : 0;
    case Type::kLossOfZones:
      return peer && between_zones(fault, hop, cluster) ? fault.loss : 0;
    case Type::kZonesParted:
    case Type::kZoneCutOff:
      return peer && between_zones(fault, hop, cluster) ? 1 : 0;
    case Type::kDnsOfAll:
      return hop.relation == Relation::kTarget ? 1 : 0;
    case Type::kDnsOfNode:
      return hop.relation == Relation::kTarget && of_node ? 1 : 0;
    case Type::kPortOfNode:
    case Type::kPortOfHosts: {
      const bool filtered = peer && hop.layer == Layer::kHost && !hop.ping && !hop.answer;
      const bool there = fault.type == Type::kPortOfHosts || hop.to == fault.node;
      return filtered && there ? 1 : 0;
    }
    default:
      return 0;
  }
}

std::uint32_t delay_of(const Fault& fault, const Hop& hop, const Cluster& cluster) {
  if (hop.relation != Relation::kPeer) return 0;
  if (fault.type == Type::kLatencyOfNode) {
    return hop.from == fault.node || hop.to == fault.node ? fault.delay_us : 0;
  }
  if (fault.type != Type::kLatencyOfZones) return 0;
  return between_zones(fault, hop, cluster) ? fault.delay_us : 0;
}

double report_loss_of(const Fault& fault, Index node, const Cluster& cluster) {
  const Index zone = cluster.zone_of[node];
  switch (fault.type) {
    case Type::kNodeDown:
    case Type::kLinkDown:
    case Type::kServerFromNode:
      return node == fault.node ? 1 : 0;
    case Type::kServerFromZone:
      return zone == fault.zone ? 1 : 0;
    case Type::kZonesParted:
      if (zone == cluster.server_zone) return 0;
      return (zone == fault.zone && cluster.server_zone == fault.other_zone) ||
                     (zone == fault.other_zone && cluster.server_zone == fault.zone)
                 ? 1
                 : 0;
    case Type::kZoneCutOff:
      return (zone == fault.zone) != (cluster.server_zone == fault.zone) ? 1 : 0;
    case Type::kLossOfNode:
      return node == fault.node ? fault.loss : 0;
    default:
      return 0;
  }
}

FragmentationClass size_class_of(const Fault& fault, const Hop& hop) {
  if (fault.type == Type::kOverlayMtuOfAll && hop.layer == Layer::kPod) {
    return FragmentationClass::kBlackHole;
  }
  const bool port = fault.type == Type::kPortMtu || fault.type == Type::kPortMtuOneWay;
  if (port && through_port(fault, hop)) return FragmentationClass::kBlackHole;
  if (fault.type == Type::kFragments && through_port(fault, hop)) {
    return FragmentationClass::kFragmentsDropped;
  }
  return FragmentationClass::kClear;
}

namespace {

Truth of_node(const Fault& fault, Kind kind, std::optional<Scope> scope, std::vector<Way> ways) {
  return {.kind = kind,
          .type = Subject::Type::kNode,
          .first = node_name(fault.node),
          .second = {},
          .scope = scope,
          .ways = std::move(ways)};
}

Truth of_zones(const Fault& fault, Kind kind) {
  return {.kind = kind,
          .type = Subject::Type::kZonePair,
          .first = zone_name(fault.zone),
          .second = zone_name(fault.other_zone),
          .scope = Scope::kBoth,
          .ways = {}};
}

Truth of_pair(const Fault& fault) {
  Truth truth{.kind = Kind::kReachability,
              .type = Subject::Type::kNodePair,
              .first = node_name(fault.node),
              .second = node_name(fault.other),
              .scope = fault.scope,
              .ways = {Way::kOut}};
  // Where only one of the two probes the other, its request is all that is known of.
  if (fault.type == Type::kPairCut) truth.ways = {Way::kBoth, Way::kOut, Way::kIn};
  return truth;
}

Truth of_agent(const Fault& fault, Kind kind) {
  const Layer layer = fault.scope == Scope::kHost ? Layer::kHost : Layer::kPod;
  return {.kind = kind,
          .type = Subject::Type::kAgent,
          .first = agent_name(fault.node, layer),
          .second = {},
          .scope = fault.scope,
          .ways = {}};
}

Truth of(Kind kind, Subject::Type type, std::string first, std::optional<Scope> scope) {
  return {.kind = kind,
          .type = type,
          .first = std::move(first),
          .second = {},
          .scope = scope,
          .ways = {}};
}

}  // namespace

namespace {

std::vector<Truth> truths_of(const Fault& fault) {
  using Of = Subject::Type;
  switch (fault.type) {
    case Type::kNodeDown:
    case Type::kLinkDown:
      // A dead end cannot tell which way it is dead.
      return {of_node(fault, Kind::kNodeDown, Scope::kBoth, {})};
    case Type::kHostLink:
    case Type::kIpv6OfNode:
      return {of_node(fault, Kind::kHostLink, Scope::kBoth, {Way::kBoth})};
    case Type::kAgentDown:
      return {of_agent(fault, Kind::kAgentDown)};
    case Type::kPodNetwork:
      return {of_node(fault, Kind::kPodNetwork, Scope::kPod, {Way::kBoth})};
    case Type::kTwinPath:
      return {of_node(fault, Kind::kTwinPath, Scope::kBoth, {})};
    case Type::kGatewayOfNode:
      return {of_node(fault, Kind::kGateway, Scope::kHost, {})};
    case Type::kGatewayOfAll:
      return {of(Kind::kGateway, Of::kGateway, std::string(kGatewayName), {})};
    case Type::kPairCut:
    case Type::kPairOneWay:
      return {of_pair(fault)};
    case Type::kNodeOneWay:
      return {of_node(fault, Kind::kReachability, fault.scope, {fault.way})};
    case Type::kLossOfNode:
      return {of_node(fault, Kind::kPartialLoss, Scope::kBoth, {Way::kBoth})};
    case Type::kLatencyOfNode:
      return {of_node(fault, Kind::kLatency, Scope::kBoth, {})};
    case Type::kLossOfZones:
    case Type::kLatencyOfZones:
      return {of_zones(fault, Kind::kZoneDegradation)};
    case Type::kZonesParted:
      return {of_zones(fault, Kind::kZonePartition)};
    case Type::kZoneCutOff:
      return {of(Kind::kZonePartition, Of::kZone, zone_name(fault.zone), Scope::kBoth)};
    case Type::kDnsOfAll:
      return {of(Kind::kDns, Of::kTarget, std::string(kDnsName), {})};
    case Type::kDnsOfNode:
      return {of_node(fault, Kind::kDns, Scope::kBoth, {})};
    case Type::kServerFromNode:
      return {of_node(fault, Kind::kServerUnreachable, Scope::kBoth, {})};
    case Type::kServerFromZone:
      return {of(Kind::kServerUnreachable, Of::kZone, zone_name(fault.zone), {})};
    case Type::kAgentStarved:
      // It looks dead as long as it does not run at all.
      return {of_agent(fault, Kind::kAgentStarved), of_agent(fault, Kind::kAgentDown)};
    case Type::kPortMtu:
    case Type::kPortMtuOneWay:
      return {of_node(fault, Kind::kMtuBlackHole, Scope::kBoth, {fault.way})};
    case Type::kFragments:
      return {of_node(fault, Kind::kFragmentsDropped, Scope::kBoth, {fault.way})};
    case Type::kOverlayMtuOfAll:
      return {of(Kind::kOverlayMtu, Of::kAll, "", Scope::kPod)};
    case Type::kPortOfNode:
      return {of_node(fault, Kind::kReachability, Scope::kHost, {Way::kIn})};
    case Type::kPortOfHosts:
      return {of(Kind::kReachability, Of::kAll, "", Scope::kHost)};
  }
  return {};
}

// Of two nodes nobody can say whose fault it is that they do not reach each other.
void add_pair(const std::vector<Truth>& of_node, std::vector<Truth>& truths) {
  for (Truth truth : of_node) {
    if (truth.type != Subject::Type::kNode && truth.type != Subject::Type::kAll) continue;
    truth.type = Subject::Type::kNodePair;
    truth.first = node_name(0);
    truth.second = node_name(1);
    truth.ways.clear();
    if (truth.kind == Kind::kHostLink || truth.kind == Kind::kPodNetwork) {
      truth.kind = Kind::kReachability;
    }
    truths.push_back(std::move(truth));
  }
}

}  // namespace

std::vector<Truth> truths_of(const Fault& fault, const Cluster& cluster) {
  std::vector<Truth> truths = truths_of(fault);
  if (cluster.nodes > 2) return truths;
  if (cluster.nodes == 2) add_pair(std::vector(truths), truths);
  for (Index node = 0; node < cluster.nodes; ++node) {
    // What all have is what each of so few has.
    const Fault here{.type = fault.type, .node = node};
    if (fault.type == Type::kGatewayOfAll) {
      truths.push_back(of_node(here, Kind::kGateway, Scope::kHost, {}));
    }
    if (fault.type == Type::kDnsOfAll && cluster.nodes == 1) {
      truths.push_back(of_node(here, Kind::kDns, Scope::kBoth, {}));
    }
    // Nobody can ask it.
    if (fault.type == Type::kServerFromNode && cluster.nodes == 1) {
      truths.push_back(of_node(here, Kind::kNodeDown, Scope::kBoth, {}));
    }
    // It keeps its gateway and its names from nobody but itself.
    if (fault.type == Type::kHostLink && node == fault.node) {
      truths.push_back(of_node(here, Kind::kGateway, Scope::kHost, {}));
      truths.push_back(of_node(here, Kind::kDns, Scope::kBoth, {}));
    }
  }
  return truths;
}

}  // namespace meshcheck::verdict::simulation
