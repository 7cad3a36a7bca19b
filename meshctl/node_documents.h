// Agents, paths and sizes as tables.
#pragma once

#include <string>

#include "lib/base/time.h"
#include "meshctl/document.h"

namespace meshcheck::meshctl {

// Of GET /api/v1/agents/ and of the connectivity check, which names the silent agents.
Document agents_document(const Json& agents, const Json& check, WallTime now);
// Of GET /api/v1/mesh?node=; the worst first.
Document paths_document(const Json& answer, WallTime now);
// Of GET /api/v1/mtu: a row for each node and layer, or, of one node, for each path.
Document mtu_document(const Json& answer, bool of_paths);

}  // namespace meshcheck::meshctl
