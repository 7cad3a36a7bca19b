// For tests: views made by hand, without a fault until the test adds one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "mesh/verdict/diagnosis.h"
#include "mesh/verdict/evidence.h"

namespace meshcheck::verdict::testing {

using namespace std::chrono_literals;

// A full mesh of nodes with both agents, over both layers, that all reported just now. Node i is in
// zone i modulo `zones`. Each host has the gateway 0, each pod has one of its own, all have a DNS.
class HandMadeMesh {
 public:
  explicit HandMadeMesh(std::size_t nodes, std::size_t zones = 1, bool ipv6 = false);

  View view;

  Index agent(Index node, Layer layer) const { return 2 * node + (layer == Layer::kHost ? 1 : 0); }
  Index node_of(Index agent) const { return agent / 2; }
  Layer layer_of(Index agent) const { return agent % 2 == 1 ? Layer::kHost : Layer::kPod; }

  // Calls `change(path, from node, to node, layer)` for each path to a peer.
  template <typename Change>
  void peers(const Change& change) {
    for (Path& path : view.paths) {
      if (path.relation != Relation::kPeer) continue;
      change(path, node_of(path.from), node_of(path.to), layer_of(path.from));
    }
  }
  template <typename Change>
  void edges(Relation relation, const Change& change) {
    for (Path& path : view.paths) {
      if (path.relation == relation) change(path, node_of(path.from), layer_of(path.from));
    }
  }

  void break_path(Path& path, Cut cut = Cut::kUnknown) const {
    path.state = PathState::kDown;
    path.cut = cut;
    path.since = began;
    if (between_agents(path)) path.cross_check = mesh::CrossCheck::kUnanswered;
  }
  // Cuts all paths between a node and others in a layer, as the agents that can report see it.
  void cut_off(Index node, Layer layer);
  // The agent's last report was before `began`, or so long ago that it is outdated.
  void silence(Index agent, bool outdated = false) {
    view.agents[agent].reported = outdated ? view.now - 60s : began - 5s;
    if (!outdated) return;
    view.agents[agent].status = Agent::Status::kSilent;
    for (Path& path : view.paths) {
      if (path.from == agent) path.state = PathState::kUnknown;
    }
  }
  // Nothing reaches the node, and nothing comes from it.
  void kill(Index node, bool outdated = false) {
    peers([&](Path& path, Index, Index to, Layer) {
      if (to == node) break_path(path);
    });
    for (const Layer layer : {Layer::kPod, Layer::kHost}) silence(agent(node, layer), outdated);
  }
  void break_twin(Index node) {
    edges(Relation::kTwin, [&](Path& path, Index of, Layer) {
      if (of == node) break_path(path);
    });
  }
  // The sizes of all paths to peers, both directions: hosts 1500, pods 1450.
  void add_sizes();

  Clock::time_point began;  // When the faults began.

 private:
  std::vector<std::string> names_;
};

inline HandMadeMesh::HandMadeMesh(std::size_t nodes, std::size_t zones, bool ipv6) {
  view.now = Clock::time_point(1h);
  began = view.now - 10s;
  names_.reserve(3 * nodes + zones + nodes);
  const auto name = [this](const std::string& text) -> std::string_view {
    return names_.emplace_back(text);
  };
  for (std::size_t zone = 0; zone < zones; ++zone) {
    view.zones.push_back(name("zone-" + std::to_string(zone)));
  }
  view.gateways.push_back("10.0.0.254");
  view.targets.push_back("dns.example");
  for (std::size_t node = 0; node < nodes; ++node) {
    const std::string number = std::to_string(node);
    view.nodes.push_back(
        {.name = name("node-" + number), .zone = static_cast<Index>(node % zones)});
    for (const Layer layer : {Layer::kPod, Layer::kHost}) {
      view.agents.push_back({.name = name((layer == Layer::kPod ? "pod-" : "host-") + number),
                             .node = static_cast<Index>(node),
                             .layer = layer,
                             .reported = view.now});
    }
    view.gateways.push_back("10.244.0.1");
  }
  const auto add = [&](Index from, Index to, Relation relation, ProbeKind kind) {
    for (const PathFamily family : {PathFamily::kIpv4, PathFamily::kIpv6}) {
      if (family == PathFamily::kIpv6 && !ipv6) continue;
      Path path{.from = from, .to = to};
      path.relation = relation;
      path.kind = kind;
      path.family = family;
      path.state = PathState::kUp;
      path.sent = 60;
      path.since = view.now - 30min;
      path.p50_us = path.usual_p50_us = 300;
      path.p90_us = path.usual_p90_us = 400;
      view.paths.push_back(path);
    }
  };
  for (Index from = 0; from < view.agents.size(); ++from) {
    for (Index to = from % 2; to < view.agents.size(); to += 2) {
      if (to != from) add(from, to, Relation::kPeer, ProbeKind::kStamp);
    }
    add(from, from ^ 1U, Relation::kTwin, ProbeKind::kStamp);
    add(from, layer_of(from) == Layer::kHost ? 0 : 1 + node_of(from), Relation::kGateway,
        ProbeKind::kIcmp);
    add(from, 0, Relation::kTarget, ProbeKind::kDns);
  }
}

inline void HandMadeMesh::cut_off(Index node, Layer layer) {
  peers([&](Path& path, Index from, Index to, Layer of) {
    if (of == layer && (from == node) != (to == node)) break_path(path, Cut::kForward);
  });
}

inline void HandMadeMesh::add_sizes() {
  for (Index at = 0; at < view.paths.size(); ++at) {
    const Path& path = view.paths[at];
    if (path.relation != Relation::kPeer) continue;
    const bool host = layer_of(path.from) == Layer::kHost;
    SizeResult result{.sender = path.from,
                      .receiver = path.to,
                      .path = at,
                      .family = path.family,
                      .fragmentation_class = FragmentationClass::kClear,
                      .size = static_cast<std::uint16_t>(host ? 1500 : 1450),
                      .link_mtu = static_cast<std::uint16_t>(host ? 1500 : 1450),
                      .since = view.now - 30min};
    view.sizes.push_back(result);
    std::swap(result.sender, result.receiver);
    view.sizes.push_back(result);
  }
}

// "kind subject scope way severity k/m" of each, for comparing; info is left out.
inline std::vector<std::string> told(const View& view, bool info_too = false) {
  std::vector<std::string> lines;
  for (const Finding& finding : diagnose(view)) {
    if (finding.severity == Severity::kInfo && !info_too) continue;
    std::string line(text(finding.kind));
    using Type = Subject::Type;
    const Subject& subject = finding.subject;
    const auto name = [&](Index at) -> std::string {
      if (subject.type == Type::kZone || subject.type == Type::kZonePair) {
        return std::string(view.zones[at]);
      }
      if (subject.type == Type::kAgent) return std::string(view.agents[at].name);
      if (subject.type == Type::kGateway) return std::string(view.gateways[at]);
      if (subject.type == Type::kTarget) return std::string(view.targets[at]);
      return std::string(view.nodes[at].name);
    };
    line += " " + (subject.type == Type::kAll ? std::string("all") : name(subject.first));
    if (subject.second != kNoIndex) line += "," + name(subject.second);
    line += " " + std::string(text(finding.scope)) + " " + std::string(text(finding.way));
    if (finding.partial) line += " partial";
    if (finding.family == PathFamily::kIpv6) line += " ipv6";
    line += " " + std::string(text(finding.severity)) + " " + std::to_string(finding.failing) +
            "/" + std::to_string(finding.observed);
    lines.push_back(line);
  }
  return lines;
}

}  // namespace meshcheck::verdict::testing
