// The routes of /api/v1/pings: one agent is asked to ping another one now.
#pragma once

#include "lib/base/guarded.h"
#include "lib/base/log.h"
#include "lib/http/message.h"
#include "mesh/table/mesh.h"

namespace meshcheck::server {

// 202 and the order, which the agent hears of with the answer to its next report. Logged with the
// client that asked.
http::Response post_ping(Guarded<mesh::Mesh>& mesh, const http::Request& request, const Log& log);
// The order, and its result once that has come; 404 when it is forgotten.
http::Response get_ping(Guarded<mesh::Mesh>& mesh, const http::Request& request);
// Those that are held, oldest first.
http::Response get_pings(Guarded<mesh::Mesh>& mesh, const http::Request& request);

}  // namespace meshcheck::server
