// Judges a path from the reports of both of its ends. doc/internals/mesh.md has the rules.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mesh/path/direction.h"
#include "mesh/table/mesh_agent.h"
#include "mesh/table/run_watch.h"

namespace meshcheck::mesh {

struct Judgement {
  PathState state = PathState::kUnknown;
  std::string_view reason;  // Why it is unknown; a constant.
  Cut cut = Cut::kNone;
  Clock::time_point since;  // When that state or its reason began.
};

// A row holds one agent's knowledge when it reported. The judge adds the server's: that the
// reporter is silent, that the peer says goodbye or has just begun, and which probes the peer has
// heard. Pure; made for one moment.
class PathJudge {
 public:
  struct Rules {
    double outdated_factor = 2;
    Clock::duration probe_interval = std::chrono::seconds(1);

    // Whether an agent that reports each `interval` is outdated after `silence` without a report.
    bool is_outdated(Clock::duration silence, Clock::duration interval) const;
  };

  PathJudge(Rules rules, Clock::time_point now, const RunWatch& run_watch)
      : rules_(rules), now_(now), run_watch_(run_watch) {}

  // `to` is the agent at the other end; null if there is none or it is not known.
  Judgement judge(const MeshAgent& from, const PathRow& row, const MeshAgent* to) const;
  bool is_outdated(const MeshAgent& agent) const;
  // How long a new session of a peer excuses the losses that `from` reports: until the report after
  // next of `from`, which has two answers of the new session.
  Clock::duration grace(const MeshAgent& from) const;

 private:
  enum class Arrival : std::uint8_t { kYes, kNo, kUnknown };
  // Whether the probes of `prober` on its path `row` arrive, by the peer's last report.
  Arrival arrival(const MeshAgent& prober, const PathRow& row, const MeshAgent& peer) const;
  bool fell_silent(const MeshAgent& from, const PathRow& row, const MeshAgent& to) const;
  Cut where_down(const MeshAgent& from, const PathRow& row, const MeshAgent& to) const;

  Rules rules_;
  Clock::time_point now_;
  RunWatch run_watch_;  // Of the process that receives the reports.
};

}  // namespace meshcheck::mesh
