// Judges the sizes that a path carries, from the reports of both of its ends and of their hosts.
// doc/internals/mesh.md has the rules.
#pragma once

#include <cstdint>
#include <optional>

#include "mesh/table/path_judge.h"

namespace meshcheck::mesh {

// One direction.
struct PmtuWay {
  FragmentationClass fragmentation_class = FragmentationClass::kUnknown;
  FragmentsResult fragments = FragmentsResult::kUnknown;
  Clock::time_point since;                // Of the class.
  std::optional<std::uint16_t> size;      // 0: nothing passes; nothing: not known.
  std::optional<std::uint16_t> link_mtu;  // Of the end that sends.
  std::optional<Clock::time_point> confirmed;
};
struct PmtuWays {
  PmtuWay forward;
  PmtuWay backward;
};

struct OverlayWays {
  OverlayMtu forward;
  OverlayMtu backward;
};

struct PmtuJudgement {
  PmtuWays ways;
  PathFindings findings;
  std::optional<OverlayWays> overlay;  // Of a pod's path to a peer, if the hosts' is known.
};

// A row holds one agent's knowledge when it reported. The judge adds the server's: that the path's
// state is not known any more, and the peer's result for its own way to this agent, which is this
// agent's way back. Pure; made for one moment.
class PmtuJudge {
 public:
  explicit PmtuJudge(PathJudge judge) : judge_(judge) {}

  // `path`: the judgement of the row's path. `to` is null if the server does not hold that agent.
  PmtuJudgement judge(const MeshAgent& from, const PmtuRow& row, const MeshAgent* to,
                      const Judgement& path) const;
  // The judgement's `ways` of a path that is up or degraded.
  PmtuWays ways(const MeshAgent& from, const PmtuRow& row, const MeshAgent* to) const;

 private:
  bool is_fresh(const MeshAgent& agent) const;
  // `inner`: of the pods' own packets.
  std::optional<OverlayWays> explain_overlay(const MeshAgent& from, const MeshAgent& to,
                                             PathFamily inner, const PmtuWays& pod) const;

  PathJudge judge_;
};

}  // namespace meshcheck::mesh
