// What all threads of the server share. Each part says how it is shared.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/guarded.h"
#include "lib/http/server.h"
#include "lib/metrics/registry.h"
#include "server/agent_table.h"

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
  State(AgentTable::Options options, std::size_t threads) : table(options), http(threads) {}

  Guarded<AgentTable> table;
  Guarded<StoreStatus> store;
  std::vector<http::Counters> http;  // One a network thread; atomics.
  std::atomic<std::uint64_t> reports_malformed = 0;
  std::atomic<std::uint64_t> inventory_reload_failures = 0;
  std::atomic<bool> draining = false;
};

// All of it at /metrics but the ncagent_* families; of the store only if there is one by now.
// `state` must outlive the registry.
void register_metrics(metrics::Registry& registry, State& state);

}  // namespace meshcheck::server
