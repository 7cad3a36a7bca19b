// Keeps the members of the mesh equal to the held agents.
#pragma once

#include <optional>
#include <string_view>

#include "lib/base/guarded.h"
#include "mesh/table/mesh.h"
#include "server/agents/agent_table.h"

namespace meshcheck::server {

// The table of agents decides which agents are held; each call applies that to the mesh, one lock
// after the other. Any thread. Both outlive this, which keeps nothing of its own.
class Membership {
 public:
  Membership(Guarded<AgentTable>& table, Guarded<mesh::Mesh>& mesh) : table_(table), mesh_(mesh) {}

  // The expected agents and their zones. Nothing: there is no inventory.
  void set_inventory(std::optional<Inventory> inventory);
  // The inventory of Kubernetes may be old: see AgentTable.
  void set_inventory_stale(bool stale);
  // False if the agent is not held.
  bool remove(std::string_view agent);
  // Counts missed reports, and forgets agents that are silent for too long.
  void count_missed_reports(Now now);

 private:
  // Removes agents from the mesh that the table forgot.
  void pass_on_departures();
  // Removes silent agents that the table does not hold: two threads may have stored a report and
  // deleted its agent in an order that left it in the mesh.
  void drop_strays(Now now);

  Guarded<AgentTable>& table_;
  Guarded<mesh::Mesh>& mesh_;
};

}  // namespace meshcheck::server
