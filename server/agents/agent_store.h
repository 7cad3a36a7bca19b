// Last reports and the counters of agents in the database.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/store/connection.h"
#include "lib/store/unreadable_rows.h"
#include "mesh/report/report.h"
#include "server/agents/agent_table.h"

namespace meshcheck::server {

Result<void> write_agents(store::Connection& database, const Changes& changes);

// The addresses of an agent in its stored report.
struct RestoredAgent {
  std::string name;
  std::string node;
  std::optional<mesh::ProbingReport> report;
};

// Fills `table`, and appends those of its agents that are in the mesh to `mesh`.
Result<void> restore_agents(store::Connection& database, AgentTable& table,
                            std::vector<RestoredAgent>& mesh,
                            const store::OnUnreadable& on_unreadable);
Result<void> restore_series(store::Connection& database, AgentTable& table);

}  // namespace meshcheck::server
