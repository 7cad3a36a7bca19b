// GET /api/v1/verdicts and /api/v1/events.
#pragma once

#include "lib/base/guarded.h"
#include "lib/http/message.h"
#include "server/verdicts/event_feed.h"
#include "server/verdicts/verdict_publisher.h"

namespace meshcheck::server {

// The open verdicts; with `?since=` also those that ended since then. The arguments but `request`
// outlive the server's connections, here and below.
http::Response get_verdicts(Guarded<VerdictPublisher>& verdicts, const http::Request& request);

// Server-sent events (HTML Living Standard, section 9.2), for as long as the client listens.
http::Response get_events(Guarded<VerdictPublisher>& verdicts, Guarded<EventFeed>& events,
                          const http::Request& request);

}  // namespace meshcheck::server
