// What the threads of the server share. Each part says how it is shared.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/base/guarded.h"
#include "lib/http/server.h"
#include "mesh/table/mesh.h"
#include "server/agents/membership.h"
#include "server/answer_share.h"
#include "server/cluster/cluster_status.h"
#include "server/mesh/grid_api.h"
#include "server/sla/sla_tables.h"
#include "server/store/store_status.h"
#include "server/verdicts/event_feed.h"
#include "server/verdicts/verdict_publisher.h"

namespace meshcheck::server {

// Made by main, which hands each thread and each route what it uses; the list of routes and
// /metrics alone know them all. Outlives all threads.
struct Parts {
  struct Options {
    AgentTable::Options agents;
    std::size_t threads = 1;                           // Of the network.
    std::size_t memory_max = std::size_t{128} << 20U;  // Bytes that their connections hold.
    mesh::Mesh::Options mesh;
    VerdictPublisher::Options verdicts;
    sla::SlaTable::Options sla;
    double sla_target = 0.999;
    bool verdicts_fail_check = true;
    bool mesh_needs_principal = false;  // A report from nobody is taken without its `mesh`.
    bool principals_are_pods = false;   // That of a report is the uid of the pod that sent it.
  };

  explicit Parts(const Options& given)
      : options(given),
        agents(given.agents),
        mesh(given.mesh),
        verdicts(given.verdicts),
        events(WallClock::now()),
        sla(given.sla, given.sla_target),
        http(given.threads),
        memory(given.memory_max),
        metrics_answers(memory),
        agents_answers(memory),
        grids(mesh, memory) {}

  Membership membership() { return {agents, mesh}; }
  // The loop that evaluates turns: see mesh::RunWatch.
  std::optional<Clock::duration> turned(Clock::time_point now) {
    mesh.with([now](mesh::Mesh& both) { both.table.turned(now); });
    const auto gap = agents.with([now](AgentTable& table) { return table.turned(now); });
    if (gap) ++stalls;
    return gap;
  }

  const Options options;
  Guarded<AgentTable> agents;
  Guarded<mesh::Mesh> mesh;
  Guarded<VerdictPublisher> verdicts;
  Guarded<EventFeed> events;
  SlaTables sla;
  StoreStatus store;
  Guarded<ClusterStatus> cluster;
  std::vector<http::Counters> http;  // One a network thread; atomics.
  http::MemoryBudget memory;         // Of the connections of all network threads; atomic.
  AnswerShare metrics_answers;       // Of /metrics.
  AnswerShare agents_answers;        // Of /api/v1/agents/.
  GridAnswers grids;                 // Of /api/v1/mesh/grid.
  std::atomic<std::uint64_t> reports_malformed = 0;
  std::atomic<std::uint64_t> inventory_reload_failures = 0;
  std::atomic<std::uint64_t> stalls = 0;  // How often the server did not run for too long.
  std::atomic<bool> draining = false;
};

}  // namespace meshcheck::server
