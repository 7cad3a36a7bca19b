// GET /api/v1/verdicts and /api/v1/events.
#pragma once

#include "lib/base/guarded.h"
#include "lib/http/message.h"
#include "server/mesh/grid_api.h"
#include "server/verdicts/event_feed.h"
#include "server/verdicts/verdict_publisher.h"

namespace meshcheck::server {

// What a client of the events hears of. All outlive the server's connections.
struct EventSources {
  Guarded<VerdictPublisher>& verdicts;
  Guarded<EventFeed>& events;
  GridAnswers& grids;
};

// The open verdicts; with `?since=` also those that ended since then.
http::Response get_verdicts(Guarded<VerdictPublisher>& verdicts, const http::Request& request);

// Server-sent events (HTML Living Standard, section 9.2), for as long as the client listens. With
// `?cells=` also what changes in the grids of a layer, or of both.
http::Response get_events(const EventSources& sources, const http::Request& request);

}  // namespace meshcheck::server
