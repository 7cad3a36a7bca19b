// Reads the table `mesh.mtu` of a report: the sizes that each path carries.
#pragma once

#include <simdjson.h>

#include <vector>

#include "lib/base/result.h"
#include "mesh/report/probing_report.h"

namespace meshcheck::mesh {

// An error names the row and the column.
Result<void> read_pmtus(const simdjson::dom::element& mesh, std::vector<ReportPmtu>& mtus);

}  // namespace meshcheck::mesh
