// The answers about path MTUs: all paths with their summary, and a padded answer to measure with.
#pragma once

#include <cstddef>

#include "lib/http/message.h"
#include "server/state.h"

namespace meshcheck::server {

// Paths by name of their agents, as JSON or CSV, made while the client reads as get_mesh() does.
// The summary by node and layer is counted on the way and follows the paths.
http::Response get_mtu(State& state, const http::Request& request);

inline constexpr std::size_t kPingSizeMax = 1'000'000;
// Empty; with `?size=N` N octets of padding, so that large packets come back.
http::Response get_ping(const http::Request& request);

}  // namespace meshcheck::server
