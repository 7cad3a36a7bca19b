// Who is in the mesh follows who is held as an agent.
#pragma once

#include <optional>
#include <string_view>

#include "lib/base/guarded.h"
#include "mesh/table/mesh.h"
#include "server/agents/agent_table.h"

namespace meshcheck::server {

// The table of agents decides who is held; each call takes what follows from it to the mesh, one
// lock after the other. Any thread. Both outlive this, which keeps nothing of its own.
class Membership {
 public:
  Membership(Guarded<AgentTable>& table, Guarded<mesh::Mesh>& mesh) : table_(table), mesh_(mesh) {}

  // Who is expected, and in which zones. Nothing: there is no inventory.
  void set_inventory(std::optional<Inventory> inventory);
  // What Kubernetes said may be old: see AgentTable.
  void set_inventory_stale(bool stale);
  // False if the agent is not held.
  bool remove(std::string_view agent);
  // Counts missed reports, and forgets who is silent for too long.
  void count_missed_reports(Now now);

 private:
  // Agents that the table forgot leave the mesh.
  void pass_on_departures();
  // So do silent ones that the table does not hold: two threads may have stored a report and
  // deleted its agent in an order that left it in the mesh.
  void drop_strays(Now now);

  Guarded<AgentTable>& table_;
  Guarded<mesh::Mesh>& mesh_;
};

}  // namespace meshcheck::server
