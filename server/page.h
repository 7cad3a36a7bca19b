// The status page: plain HTML, no script.
#pragma once

#include <string>
#include <vector>

#include "server/agents/agent_table.h"
#include "server/verdicts/verdict_record.h"

namespace meshcheck::server {

// Agents shown; those with a problem come first.
inline constexpr std::size_t kPageRowsMax = 1000;

std::string render_page(const ConnectivityCheck& check, const std::vector<VerdictRecord>& verdicts,
                        const std::vector<AgentTable::Row>& rows, WallTime time);

}  // namespace meshcheck::server
