// A view as evidence: which reports count, which agents are silent, and which node each is on.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "mesh/verdict/finding.h"
#include "mesh/verdict/view.h"

namespace meshcheck::verdict {

// Made of a view in one pass and lives as long as one diagnosis.
//
// A report stops counting as soon as others found its sender unreachable after it: a living agent
// hurries to report a path that went down, so an agent that reported nothing for two probe
// intervals since is not believed any more, long before it is outdated.
struct Evidence {
  explicit Evidence(const View& from);

  const View& view;
  std::vector<std::uint8_t> doubtful;  // By agent: its rows are no evidence.
  std::vector<std::uint8_t> suspects;  // By node: all of its agents are silent.
  // By node and layer, one that probes before one that does not; kNoIndex: none is known.
  std::vector<std::array<Index, 2>> agent_of;
  std::vector<std::uint8_t> explained;        // By node: see Explained.
  std::vector<std::uint8_t> explained_zones;  // By zone: it is part of a partition.
  std::vector<std::uint8_t> port_closed;      // By node: which explains twin paths alone.
  std::vector<std::uint8_t> restless;         // By node: see is_settled().
  std::vector<std::uint8_t> losing;          // By node: more paths lose packets now than by chance.
  std::vector<std::uint8_t> losing_between;  // By pair of zones, both ways.
  std::vector<std::uint8_t> sees_peers;      // By agent: some of its paths to peers are up.
  std::vector<std::uint8_t> restless_zones;  // By pair of zones, both ways.
  std::vector<std::uint32_t> known_of_node;  // Paths of each that are not down.
  std::vector<std::uint32_t> known_between;  // By pair of zones, both ways.
  std::vector<std::uint32_t> answered_by;    // By agent: its paths to peers that answer right now.
  // By agent: when the last of its paths to peers came back, if most were down within a minute.
  std::vector<std::optional<Clock::time_point>> back_since;
  std::size_t zone_count = 0;  // 0: zones are not looked at.
  bool both_families = false;  // Paths of IPv4 and IPv6 are there.

  // The faults found of a node, so that no smaller ones are reported too.
  enum Explained : std::uint8_t { kNothing = 0, kPods = 1, kHosts = 2, kSome = 4 };

  static constexpr std::uint32_t kAnsweredMin = 3;
  static constexpr std::size_t kZonesMax = 64;  // Beyond, zones are not looked at.

  Index node_of(Index agent) const { return view.agents[agent].node; }
  Layer layer_of(Index agent) const { return view.agents[agent].layer; }
  // Whether a path that is down since then began to fail after the agent's last report.
  bool silent_since(Index agent, Clock::time_point since) const;
  // Whether a single failure (a pair, a node's gateway) has lasted long enough. Where many paths of
  // a node lose packets, single ones look cut for a while.
  bool is_settled(Index node, Clock::time_point since, Clock::duration usually) const;
  // The same of a pair of nodes, whose zones may be restless between each other.
  bool is_settled(const Subject& pair, Clock::time_point since, Clock::duration usually) const;
  // Whether the path's last report had a fresh answer, so that it has worked until at most three
  // probes before that.
  bool answers_now(const Path& path) const;
  // Whether enough of the agent's peers answer, at least kAnsweredMin, that a fault is not the
  // agent's or its node's.
  bool is_answered(Index agent) const { return answered_by[agent] >= kAnsweredMin; }
  // Of a path between agents: whether its row may be used at all.
  bool counts(const Path& path) const;
  // Whether of the paths of a node, a zone or between two zones as many are down or were within a
  // minute as not, so that the losses of the others are of an outage as well.
  bool is_shaken(const Subject& subject, Scope scope) const;
};

inline bool between_agents(const Path& path) {
  return path.relation == Relation::kPeer || path.relation == Relation::kTwin;
}

// Adds the excuse of the finding's node, if the orchestrator gives one.
void excuse(const View& view, Finding& finding);

}  // namespace meshcheck::verdict
