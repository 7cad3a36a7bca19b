// What all threads of the server share. Each part says how it is shared.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/guarded.h"
#include "lib/http/server.h"
#include "lib/metrics/registry.h"
#include "mesh/table/mesh.h"
#include "server/agents/agent_table.h"
#include "server/cluster/cluster_status.h"
#include "server/sla/downtime_book.h"
#include "server/sla/sla_table.h"
#include "server/verdicts/event_feed.h"
#include "server/verdicts/verdict_board.h"

namespace meshcheck::server {

// How the database does; written after each transaction, read by readyz and /metrics.
struct StoreStatus {
  bool enabled = false;
  std::string trouble;  // Empty while the last write went well.
  std::uint64_t rows_written = 0;
  std::uint64_t writes_failed = 0;
  double commit_seconds = 0;  // The last one.
};

struct State {
  State(AgentTable::Options options, std::size_t threads) : State(options, threads, {}) {}
  State(AgentTable::Options options, std::size_t threads, const mesh::Mesh::Options& mesh_options,
        VerdictBoard::Options verdict_options = {}, SlaTable::Options sla_options = {})
      : table(options),
        mesh(mesh_options),
        verdicts(verdict_options),
        events(WallClock::now()),
        sla(sla_options),
        http(threads) {}

  Guarded<AgentTable> table;
  Guarded<mesh::Mesh> mesh;
  Guarded<VerdictBoard> verdicts;
  Guarded<EventFeed> events;
  Guarded<SlaTable> sla;
  Guarded<DowntimeBook> downtimes;
  Guarded<StoreStatus> store;
  Guarded<ClusterStatus> cluster;
  std::vector<http::Counters> http;  // One a network thread; atomics.
  std::atomic<std::uint64_t> reports_malformed = 0;
  std::atomic<std::uint64_t> inventory_reload_failures = 0;
  std::atomic<std::uint64_t> sla_writes_failed = 0;
  std::atomic<std::uint64_t> downtime_file_failures = 0;
  std::atomic<bool> draining = false;
  // All set before threads begin.
  double sla_target = 0.999;
  bool verdicts_fail_check = true;
  bool mesh_needs_principal = false;  // A report from nobody is taken without its `mesh`.
  bool principals_are_pods = false;   // That of a report is the uid of the pod that sent it.
};

inline constexpr std::string_view kUnknownAgent = "There is no such entry in the agent cache";

// What `inventory` says of agents, here and in the mesh. Nothing: there is none.
void set_inventory(State& state, std::optional<Inventory> inventory);

// Who was forgotten in the table leaves the mesh. To be called after what may forget agents.
void pass_on_departures(State& state);
// And who is silent in the mesh without being held in the table: two threads may have stored a
// report and deleted its agent in an order that left it there.
void drop_strays(State& state);

// What the program counts for itself; of the store only if there is one by now. `state` must
// outlive the registry.
void register_metrics(metrics::Registry& registry, State& state);
// All of /metrics. What is about the agents is of one moment, and so is what is about the mesh.
std::string metrics_text(State& state, const metrics::Registry& registry);

}  // namespace meshcheck::server
