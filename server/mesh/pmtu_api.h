// The answer about path MTUs: all paths, and their summary.
#pragma once

#include "lib/base/guarded.h"
#include "lib/http/message.h"
#include "mesh/table/mesh.h"

namespace meshcheck::server {

// Paths by name of their agents, as JSON or CSV, made while the client reads as get_mesh() does.
// The summary by node and layer is counted on the way and follows the paths.
http::Response get_pmtu(Guarded<mesh::Mesh>& mesh, const http::Request& request);

}  // namespace meshcheck::server
