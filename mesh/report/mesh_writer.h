// Writes the part of a report that the server works with, `mesh`; mesh_reader.h reads it.
#pragma once

#include <string>

#include "mesh/report/report.h"

namespace meshcheck::mesh {

// Appends the member `mesh` to the report's object. Lists are bounded in items and bytes;
// `..._total` counts a list's items with those left out.
void append_mesh(std::string& out, const Report& report);

}  // namespace meshcheck::mesh
