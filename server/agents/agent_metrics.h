// The metrics of agents: netchecker's families and our own.
#pragma once

#include "lib/metrics/sink.h"
#include "server/agents/agent_table.h"

namespace meshcheck::server {

// The ncagent_* families of netchecker.
void write_netchecker_metrics(const AgentTable& table, metrics::Sink& sink);
// The expected and the missing agents.
void write_agent_metrics(const ConnectivityCheck& check, const AgentTable::Counts& counts,
                         metrics::Sink& sink);

}  // namespace meshcheck::server
