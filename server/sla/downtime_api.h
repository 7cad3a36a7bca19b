// /api/v1/downtimes: lists, adds and removes announced downtimes.
#pragma once

#include "lib/http/message.h"
#include "server/sla/sla_access.h"

namespace meshcheck::server {

// All downtimes, of every source, and the refused ones with the reason.
http::Response get_downtimes(const SlaAccess& access, const http::Request& request);
// Adds one: 201 with the downtime, once it is on disk.
http::Response post_downtime(const SlaAccess& access, const http::Request& request);
// Adds or replaces the one of that uid.
http::Response put_downtime(const SlaAccess& access, const http::Request& request);
// Deletes one that was added by the API; 404 for all others.
http::Response delete_downtime(const SlaAccess& access, const http::Request& request);

}  // namespace meshcheck::server
