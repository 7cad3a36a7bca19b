// Whether a request gets as far as its handler.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "lib/http/message.h"

namespace meshcheck::http {

struct Admission {
  // What it is answered with instead of by its handler; nothing: it is let through.
  std::optional<Response> refusal;
  // Who sent it: Request::principal.
  std::string principal;
};

// Asked about each request before the router, on the server's loop: when it is complete, or, if
// its body is large, when its headers are. Nothing: it will say
// so by Server::decide(), after it has returned. The request is not there any more by then, so it
// keeps what it needs of it. It is not told of requests that nobody waits for any more: to decide
// one does nothing.
using Gate = std::function<std::optional<Admission>(const Request& request, Ticket ticket)>;

}  // namespace meshcheck::http
