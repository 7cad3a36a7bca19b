// Reads the results of pings in a report's `mesh`.
#pragma once

#include <simdjson.h>

#include <optional>
#include <vector>

#include "lib/base/result.h"
#include "mesh/report/ping_result.h"

namespace meshcheck::mesh {

// `pings` stays nothing where the key is absent. REQUIRES: `mesh` is an object.
Result<void> read_pings(const simdjson::dom::element& mesh,
                        std::optional<std::vector<PingResult>>& pings);

}  // namespace meshcheck::mesh
