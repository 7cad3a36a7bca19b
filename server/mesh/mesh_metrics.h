// The metrics of the mesh: series by node and layer, and single paths only while they are down.
// doc/metrics.md describes each.
#pragma once

#include <cstddef>

#include "lib/metrics/sink.h"
#include "mesh/table/mesh.h"

namespace meshcheck::server {

// Single paths shown; those that are down longest come first.
inline constexpr std::size_t kPathsDownShownMax = 100;

void write_mesh_metrics(const mesh::Mesh& mesh, metrics::Sink& sink, Now now);

}  // namespace meshcheck::server
