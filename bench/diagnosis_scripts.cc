#include "bench/diagnosis_scripts.h"

#include <cmath>
#include <utility>

namespace meshcheck::verdict::simulation {
namespace {

// Those of the figures, so that a seed is always the same run; the others are asked for by number.
constexpr std::size_t kSorts = 27;

// Whether a cluster has what the fault needs: zones, a pair, a path between nodes.
bool can_have(const SimulatedMesh::Options& of, Fault::Type type) {
  using Type = Fault::Type;
  switch (type) {
    case Type::kLossOfZones:
    case Type::kLatencyOfZones:
    case Type::kZonesParted:
    case Type::kZoneCutOff:
    case Type::kServerFromZone:
      return of.zones > 1;
    case Type::kNodeDown:
    case Type::kLinkDown:
    case Type::kAgentDown:
    case Type::kTwinPath:
    case Type::kGatewayOfNode:
    case Type::kGatewayOfAll:
    case Type::kDnsOfAll:
    case Type::kDnsOfNode:
    case Type::kServerFromNode:
    case Type::kAgentStarved:
      return true;
    default:
      return of.nodes > 1;
  }
}

// From 1 to 120 s; half of them are shorter than 11 s.
Tick pause_by_chance(Random& random) {
  const double share = static_cast<double>(random.below(1000)) / 1000;
  return static_cast<Tick>(std::pow(120.0, share) * kSecond);
}

std::vector<Episode> episodes_of(const std::vector<Fault::Type>& types, Random& random) {
  const bool same = random.below(2) == 0;
  const Tick flap = (1 + static_cast<Tick>(random.below(8))) * kSecond;
  return {{.type = types[0]},
          {.type = types[1], .same = same, .pause = pause_by_chance(random)},
          {.type = types[1], .same = true, .pause = pause_by_chance(random), .flap = flap}};
}

}  // namespace

SimulatedMesh::Options options_for(std::size_t nodes, std::uint64_t seed) {
  SimulatedMesh::Options options;
  options.seed = seed;
  options.nodes = nodes;
  options.zones = nodes < 6 ? 1 : nodes < 100 ? 3 : nodes < 500 ? 4 : 5;
  return options;
}

Script script_for(std::size_t nodes, std::uint64_t seed, std::vector<Fault::Type> types) {
  Script script{.mesh = options_for(nodes, seed), .faults = std::move(types)};
  for (const Fault::Type type : script.faults) {
    script.mesh.ipv6 = script.mesh.ipv6 || type == Fault::Type::kIpv6OfNode;
    // A pair is probed in one epoch of many: longer ones, so that it is not over before it began.
    if (type == Fault::Type::kPairCut || type == Fault::Type::kPairOneWay) {
      script.mesh.epoch = 24 * 3600 * kSecond;
    }
    script.mesh.sizes = script.mesh.sizes || Fault{.type = type}.of_sizes();
  }
  return script;
}

Script script_for(const Plan& plan, std::uint64_t seed) {
  std::vector<Fault::Type> types;
  Random random(seed);
  const SimulatedMesh::Options options = options_for(plan.nodes, seed);
  auto type = static_cast<Fault::Type>(plan.type == 0 ? seed % kSorts : plan.type % Fault::kTypes);
  const std::size_t wanted = plan.at_once == 0 ? 2 : plan.at_once;
  while (types.size() < wanted) {
    if (can_have(options, type)) types.push_back(type);
    type = static_cast<Fault::Type>(random.below(kSorts));
  }
  Script script = script_for(plan.nodes, seed, types);
  if (plan.at_once == 0) {
    script.faults.clear();
    script.duration = 30 * kSecond;
    script.episodes = episodes_of(types, random);
    const std::size_t away = random.below(4);
    if (away == 0) script.meanwhile = Fault::Type::kDnsOfAll;
    script.api_away = away == 1;
  }
  script.mesh.server.report_interval = plan.report_interval;
  return script;
}

}  // namespace meshcheck::verdict::simulation
