// /api/v1/downtimes: what is announced, and announcing it.
#pragma once

#include "lib/http/message.h"
#include "server/sla/sla_access.h"

namespace meshcheck::server {

// All, of every source, and what was refused with the reason.
http::Response get_downtimes(const SlaAccess& access, const http::Request& request);
// One more: 201 with it, once it is on disk.
http::Response post_downtime(const SlaAccess& access, const http::Request& request);
// The one of that uid, whether it was there or not.
http::Response put_downtime(const SlaAccess& access, const http::Request& request);
// Only those of the API: 404 else.
http::Response delete_downtime(const SlaAccess& access, const http::Request& request);

}  // namespace meshcheck::server
