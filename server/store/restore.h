// Restores the server's state from the database.
#pragma once

#include <string>

#include "lib/base/guarded.h"
#include "lib/base/log.h"
#include "lib/store/connection.h"
#include "mesh/table/mesh.h"
#include "server/agents/agent_table.h"
#include "server/sla/sla_tables.h"
#include "server/verdicts/verdict_publisher.h"

namespace meshcheck::server {

struct RestoredParts {
  Guarded<AgentTable>& agents;
  Guarded<mesh::Mesh>& mesh;
  Guarded<VerdictPublisher>& verdicts;
  SlaTables& sla;
  Log log;
  // Agents are pods that prove themselves, and are reached where Kubernetes lists them: what a
  // stored report says of its agent's addresses does not count.
  bool principals_are_pods = false;
};

// Opens the file, brings its schema up to date, fills the tables and gives the mesh its members and
// its key, which is made at the first start. Before any other thread uses the parts. The error
// names the file.
Result<store::Connection> open_database(const RestoredParts& parts, const std::string& path);

}  // namespace meshcheck::server
