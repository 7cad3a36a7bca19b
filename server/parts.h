// The parts that the server's threads share. Each part documents how it is shared.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/guarded.h"
#include "lib/http/server.h"
#include "mesh/table/mesh.h"
#include "server/agents/membership.h"
#include "server/answer_share.h"
#include "server/cluster/cluster_status.h"
#include "server/history/history_tables.h"
#include "server/mesh/grid_api.h"
#include "server/sla/sla_tables.h"
#include "server/store/store_status.h"
#include "server/verdicts/event_feed.h"
#include "server/verdicts/verdict_publisher.h"

namespace meshcheck::server {

// Made by main, which hands each thread and each route the parts that it uses; only the list of
// routes and /metrics use all of them. Outlives all threads.
struct Parts {
  struct Options {
    AgentTable::Options agents;
    std::size_t threads = 1;  // Of the network.
    std::size_t memory_max = std::size_t{128}
                             << 20U;  // Bytes that the threads' connections may hold.
    mesh::Mesh::Options mesh;
    VerdictPublisher::Options verdicts;
    sla::SlaTable::Options sla;
    double sla_target = 0.999;
    std::size_t history_series_max = 10'000;
    bool verdicts_fail_check = true;
    std::string dashboard_url;
    bool mesh_needs_principal = false;  // The `mesh` of a report without a principal is ignored.
    bool principals_are_pods = false;   // A report's principal is the uid of the pod that sent it.
  };

  explicit Parts(const Options& given)
      : options(given),
        agents(given.agents),
        mesh(given.mesh),
        verdicts(given.verdicts),
        events(WallClock::now()),
        sla(given.sla, given.sla_target),
        history(given.history_series_max),
        http(given.threads),
        memory(given.memory_max),
        metrics_answers(memory),
        agents_answers(memory),
        grids(mesh, memory) {}

  Membership membership() { return {agents, mesh}; }
  // To be called at each turn of the evaluating loop: see mesh::RunWatch.
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
  HistoryTables history;
  StoreStatus store;
  Guarded<ClusterStatus> cluster;
  std::vector<http::Counters> http;  // One a network thread; atomics.
  http::MemoryBudget memory;         // Of the connections of all network threads; atomic.
  AnswerShare metrics_answers;       // Of /metrics.
  AnswerShare agents_answers;        // Of /api/v1/agents/.
  GridAnswers grids;                 // Of /api/v1/mesh/grid.
  std::atomic<std::uint64_t> reports_malformed = 0;
  std::atomic<std::uint64_t> inventory_reload_failures = 0;
  std::atomic<std::uint64_t> stalls =
      0;  // How often the server was kept from running for too long.
  std::atomic<bool> draining = false;
};

}  // namespace meshcheck::server
