// A request whose handler answers later, and how its answer gets back to it.
#pragma once

#include <cstddef>
#include <functional>

#include "lib/base/result.h"
#include "lib/http/message.h"

namespace meshcheck::server {

struct PendingReply {
  std::size_t thread = 0;  // Of the network.
  http::Ticket ticket = 0;
};

// Brings a response to the thread that waits for it. Called on main's thread.
using Reply = std::function<void(const PendingReply& pending, http::Response response)>;

inline http::Response database_busy() {
  return http::Response::error(503, "The database is busy; try again later.");
}

inline http::Response database_failed(const Error& error) {
  return http::Response::error(503, "The database failed: " + error.message());
}

}  // namespace meshcheck::server
