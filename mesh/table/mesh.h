// Both halves of the server's mesh: the reports, and the assignments.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/table/assigner.h"
#include "mesh/table/mesh_table.h"

namespace meshcheck::mesh {

// One value behind one lock, so that an agent is in both or in none.
struct Mesh {
  struct Options {
    MeshTable::Options table;
    Assigner::Options assigner;
  };

  explicit Mesh(const Options& options) : table(options.table), assigner(options.assigner) {}

  // The answer to the report: an assignment's JSON, or nothing if the agent has it.
  std::optional<std::string> report(const MeshTable::Sender& sender, const ProbingReport& report,
                                    Now now);
  // An agent of before a restart: others may probe it, and its own paths are not known yet.
  void restore(const MeshTable::Sender& sender, const ProbingReport& report);
  void leave(const std::vector<std::string>& names);

  MeshTable table;
  Assigner assigner;
};

}  // namespace meshcheck::mesh
