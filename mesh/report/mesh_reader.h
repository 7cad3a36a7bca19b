// Reads the typed part of a report's `mesh`.
#pragma once

#include <simdjson.h>

#include <optional>

#include "lib/base/result.h"
#include "mesh/report/probing_report.h"

namespace meshcheck::mesh {

// Nothing for an agent that does not probe, or whose schema is not ours. A value that is out of
// bounds or of another type is an error that names the key. REQUIRES: `mesh` is an object.
Result<std::optional<ProbingReport>> read_probing_report(const simdjson::dom::element& mesh);

// Whether a key of `mesh` is a list that the record's text omits.
bool is_mesh_table(std::string_view key);

}  // namespace meshcheck::mesh
