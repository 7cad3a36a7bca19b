#include "mesh/verdict/named_finding.h"

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

std::optional<IpAddress> address_of(const Agent& agent, PathFamily family) {
  if (family == PathFamily::kIpv6) return agent.addresses[1];
  return agent.addresses[0] ? agent.addresses[0] : agent.addresses[1];
}

NamedEnd zone_end(const View& view, Index zone) {
  const std::string text(view.zones[zone]);
  return {.name = text, .node = {}, .zone = text, .address = {}};
}

// Of an overlay's fault the pod's address, of any other the host's.
NamedEnd node_end(const View& view, Index node, const Finding& finding) {
  const Node& seen = view.nodes[node];
  NamedEnd end{
      .name = std::string(seen.name), .node = std::string(seen.name), .zone = {}, .address = {}};
  if (seen.zone != kNoIndex) end.zone = view.zones[seen.zone];
  const Layer wanted = finding.scope == Scope::kPod ? Layer::kPod : Layer::kHost;
  for (const Agent& agent : view.agents) {
    if (agent.node != node || agent.layer != wanted) continue;
    if (const auto address = address_of(agent, finding.family)) end.address = address;
  }
  return end;
}

NamedEnd agent_end(const View& view, Index at, const Finding& finding) {
  const Agent& agent = view.agents[at];
  NamedEnd end{.name = std::string(agent.name),
               .node = {},
               .zone = {},
               .address = address_of(agent, finding.family)};
  if (agent.node == kNoIndex) return end;
  end.node = view.nodes[agent.node].name;
  const Index zone = view.nodes[agent.node].zone;
  if (zone != kNoIndex) end.zone = view.zones[zone];
  return end;
}

NamedEnd end_of(const View& view, Index at, const Finding& finding) {
  switch (finding.subject.type) {
    case Type::kAll:
    case Type::kServer:
      break;
    case Type::kZone:
    case Type::kZonePair:
      return zone_end(view, at);
    case Type::kNode:
    case Type::kNodePair:
      return node_end(view, at, finding);
    case Type::kAgent:
      return agent_end(view, at, finding);
    case Type::kGateway:
      return {.name = std::string(view.gateways[at]), .node = {}, .zone = {}, .address = {}};
    case Type::kTarget:
      return {.name = std::string(view.targets[at]), .node = {}, .zone = {}, .address = {}};
  }
  return {};
}

std::string far_end(const View& view, const Path& path) {
  if (path.relation == Relation::kGateway) return std::string(view.gateways[path.to]);
  if (path.relation == Relation::kTarget) return std::string(view.targets[path.to]);
  return std::string(view.agents[path.to].name);
}

std::optional<Trial> trial_of(const View& view, const Path& path) {
  if (path.relation != Relation::kPeer && path.relation != Relation::kTwin) return std::nullopt;
  const auto address = address_of(view.agents[path.to], path.family);
  const Index node = view.agents[path.from].node;
  if (!address || node == kNoIndex) return std::nullopt;
  return Trial{.node = std::string(view.nodes[node].name), .address = *address};
}

}  // namespace

NamedFinding name(const View& view, const Finding& finding) {
  NamedFinding named{
      .finding = finding, .ends = {}, .witness = {}, .trial = {}, .evidence = {}, .reason = {}};
  const Subject& subject = finding.subject;
  if (subject.first != kNoIndex) named.ends[0] = end_of(view, subject.first, finding);
  if (subject.second != kNoIndex) named.ends[1] = end_of(view, subject.second, finding);
  if (finding.kind == Kind::kDuplicateAgent) {
    const auto& others = view.agents[subject.first].other_addresses;
    named.ends[1].address = others[0] ? others[0] : others[1];
  }
  for (std::size_t at = 0; at < finding.evidence_count; ++at) {
    const Path& path = view.paths[finding.evidence[at]];
    named.evidence.push_back(std::string(view.agents[path.from].name) + " -> " +
                             far_end(view, path));
    if (!named.witness) named.witness = agent_end(view, path.from, finding);
    // From another node than the fault's own, if one has said it: that one may not be reached.
    const auto trial = trial_of(view, path);
    const bool from_outside = trial && trial->node != named.ends[0].node;
    if (trial && (!named.trial || (from_outside && named.trial->node == named.ends[0].node))) {
      named.trial = trial;
    }
  }
  return named;
}

}  // namespace meshcheck::verdict
