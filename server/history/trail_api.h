// GET /api/v1/verdicts/{id}/paths: how the paths of a verdict's evidence were round its begin and
// its end.
#pragma once

#include "lib/http/message.h"
#include "server/history/history_api.h"

namespace meshcheck::server {

// 404 where nothing is kept, as of a verdict without evidence.
http::Response get_verdict_paths(const HistoryAccess& access, const http::Request& request);

}  // namespace meshcheck::server
