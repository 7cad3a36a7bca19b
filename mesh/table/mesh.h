// The server's mesh: the reports, the assignments, and the pings that were asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/table/assigner.h"
#include "mesh/table/mesh_table.h"
#include "mesh/table/ping_desk.h"

namespace meshcheck::mesh {

// One value behind one lock, so that an agent has both a report and an assignment, or neither.
struct Mesh {
  struct Options {
    MeshTable::Options table;
    Assigner::Options assigner;
  };

  explicit Mesh(const Options& options) : table(options.table), assigner(options.assigner) {}

  // The answer to the report: an assignment's JSON, or nothing if the agent has it and is to ping
  // nobody.
  std::optional<std::string> report(const MeshTable::Sender& sender, const ProbingReport& report,
                                    Now now);
  // An agent of before a restart: others may probe it, and its own paths are not known yet.
  void restore(const MeshTable::Sender& sender, const ProbingReport& report);
  void leave(const std::vector<std::string>& names);

  MeshTable table;
  Assigner assigner;
  PingDesk pings;
};

}  // namespace meshcheck::mesh
