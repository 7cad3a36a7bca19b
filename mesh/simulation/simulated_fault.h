// For the simulator: faults, their effect on packets, and the right verdicts about them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/random.h"
#include "mesh/verdict/finding.h"

namespace meshcheck::verdict::simulation {

struct Fault {
  enum class Type : std::uint8_t {
    kNodeDown,  // The node is dead: it runs no agents and passes no packets.
    kLinkDown,  // All packets between a node and others, the server included, are lost.
    kHostLink,  // As kLinkDown, but the server is reached.
    kAgentDown,
    kPodNetwork,
    kTwinPath,
    kGatewayOfNode,
    kGatewayOfAll,
    kPairCut,  // Both ways.
    kPairOneWay,
    kNodeOneWay,
    kIpv6OfNode,
    kLossOfNode,
    kLossOfZones,
    kLatencyOfNode,
    kLatencyOfZones,
    kZonesParted,
    kZoneCutOff,
    kDnsOfAll,
    kDnsOfNode,
    kServerFromNode,
    kServerFromZone,
    kAgentStarved,
    kPortMtu,
    kPortMtuOneWay,
    kFragments,
    kOverlayMtuOfAll,
    kPortOfNode,   // Probes to a node's host are filtered; pings and its own probes pass.
    kPortOfHosts,  // Probes between hosts are filtered; pings pass.
  };
  static constexpr std::size_t kTypes = 29;

  Type type = Type::kNodeDown;
  Index node = kNoIndex;
  Index other = kNoIndex;  // Of a pair.
  Index zone = kNoIndex;
  Index other_zone = kNoIndex;
  Scope scope = Scope::kBoth;  // Of an agent: its layer.
  Way way = Way::kBoth;
  double loss = 0;  // Each way.
  std::uint32_t delay_us = 0;

  bool of_sizes() const { return type >= Type::kPortMtu && type <= Type::kOverlayMtuOfAll; }
};
std::string_view text(Fault::Type type);

struct Cluster {
  std::size_t nodes = 0;
  std::size_t zones = 1;
  std::vector<Index> zone_of;  // By node.
  Index server_zone = 0;
};

// Chooses nodes, zones, layers, ways and amounts at random.
Fault random_fault(Fault::Type type, const Cluster& cluster, Random& random);
// Whether one hides the effect of the other, or both have the same subject.
bool hides(const Fault& a, const Fault& b, const Cluster& cluster);

// The way of a packet between agents, or to a gateway or a target, then without `to`.
struct Hop {
  Relation relation = Relation::kPeer;
  Layer layer = Layer::kPod;  // The prober's.
  PathFamily family = PathFamily::kIpv4;
  Index from = kNoIndex;  // Nodes.
  Index to = kNoIndex;
  bool ping = false;
  bool answer = false;  // To a probe, and not to the probes' port.
};
double loss_of(const Fault& fault, const Hop& hop, const Cluster& cluster);
std::uint32_t delay_of(const Fault& fault, const Hop& hop, const Cluster& cluster);
// The share of reports from a node to the server that are lost.
double report_loss_of(const Fault& fault, Index node, const Cluster& cluster);
// The class of sizes from one node to another, as its sender will find it.
FragmentationClass size_class_of(const Fault& fault, const Hop& hop);

// A right verdict. A verdict of this kind and subject finds the fault; scope and way locate it.
struct Truth {
  Kind kind = Kind::kNodeDown;
  Subject::Type type = Subject::Type::kNode;
  std::string first;
  std::string second;  // Of a pair in either order; then the way turns with it.
  std::optional<Scope> scope;
  std::vector<Way> ways;  // Empty: any.
};
std::vector<Truth> truths_of(const Fault& fault, const Cluster& cluster);

std::string node_name(Index node);
std::string zone_name(Index zone);
std::string agent_name(Index node, Layer layer);
inline constexpr std::string_view kGatewayName = "10.0.0.254";
inline constexpr std::string_view kDnsName = "kubernetes.default";

}  // namespace meshcheck::verdict::simulation
