// Whether a request gets as far as its handler.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "lib/http/message.h"

namespace meshcheck::http {

struct Admission {
  // The answer in place of the handler's; nothing: the request is let through.
  std::optional<Response> refusal;
  // Who sent it: Request::principal.
  std::string principal;
};

// Called for each request before the router, on the server's loop: when the request is complete,
// or, if its body is large, when its headers are. Nothing: the gate decides later, by
// Server::decide(). The request does not exist any more by then, so the gate copies what it needs
// of it. Deciding a request whose client has gone does nothing.
using Gate = std::function<std::optional<Admission>(const Request& request, Ticket ticket)>;

}  // namespace meshcheck::http
