// GET /api/v1/connectivity_check, as netchecker answers it.
#pragma once

#include "lib/http/message.h"
#include "server/parts.h"

namespace meshcheck::server {

// 200 if all expected agents report and nothing critical is found, 400 otherwise; always 200 with
// `?status=200`. Takes one lock after the other, so the lists may be from moments that differ by
// one report.
http::Response check_connectivity(Parts& parts, const http::Request& request);

}  // namespace meshcheck::server
