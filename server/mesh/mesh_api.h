// The answers about the mesh: all of it, streamed, and one agent's paths.
#pragma once

#include "lib/base/guarded.h"
#include "lib/http/message.h"
#include "mesh/table/mesh.h"

namespace meshcheck::server {

// Paths by name of their agents, as JSON or CSV, made while the client reads: each piece takes the
// lock for a few agents and goes on after the last one's name. So the answer is not of one moment:
// an agent that comes or goes meanwhile may be in it or not.
http::Response get_mesh(Guarded<mesh::Mesh>& mesh, const http::Request& request);

// 404 for an agent without a mesh report.
http::Response get_agent_paths(Guarded<mesh::Mesh>& mesh, const http::Request& request);

}  // namespace meshcheck::server
