// What sizes a path is shown to carry, when both of its ends have been heard, and the hosts below
// them. doc/internals/mesh.md has the rules.
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

// A row is what one agent knew when it reported. The judge adds what the server knows besides: that
// the path's state is not known any more, and what the peer says of its own way to this agent,
// which is this agent's way back. Pure; made for one moment.
class PmtuJudge {
 public:
  explicit PmtuJudge(PathJudge judge) : judge_(judge) {}

  // `path`: how the path of that row is judged. `to` is null if it is not held.
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
