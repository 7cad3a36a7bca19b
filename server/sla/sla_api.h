// POST /downtime, and the routes that answer questions about the SLA.
#pragma once

#include "lib/base/log.h"
#include "lib/http/message.h"
#include "server/sla/sla_access.h"

namespace meshcheck::server {

// An agent's episodes, as upmeter's agents send them: 200 `{}` once they are on disk.
http::Response post_episodes(const SlaAccess& access, const http::Request& request);

// As upmeter's routes.
http::Response get_probes(const SlaAccess& access, const http::Request& request);
http::Response get_status_range(const SlaAccess& access, const http::Request& request);
http::Response get_public_status(const SlaAccess& access, const http::Request& request);

// Forgets a probe that is no longer checked, in memory and in the database: 204, or 404.
http::Response delete_probe(const SlaAccess& access, const http::Request& request, const Log& log);

// Steps with their states, downtimes and verdicts; JSON or CSV.
http::Response get_sla(const SlaAccess& access, const http::Request& request);

}  // namespace meshcheck::server
