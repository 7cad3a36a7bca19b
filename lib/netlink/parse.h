// From the kernel's rtnetlink messages to our values. Pure: no sockets, so that a fuzzer and a test
// of captured bytes use the same code as the programs.
#pragma once

#include <optional>

#include "lib/netlink/attributes.h"
#include "lib/netlink/cached_mtu.h"
#include "lib/netlink/event.h"

namespace meshcheck::netlink {

// Each takes a message of its type, RTM_NEW... or RTM_DEL..., and returns nothing for one that is
// too short or of a kind that we leave out: bridge forwarding entries, bridge port notifications,
// cached routes, other tables than main. No byte outside the payload is read.
std::optional<Link> parse_link(const Message& message);
std::optional<LinkAddress> parse_address(const Message& message);
std::optional<Route> parse_route(const Message& message);
std::optional<Neighbour> parse_neighbour(const Message& message);

// Parses cached routes, which come with a dump of the routes, never by themselves. Nothing for one
// without an MTU, as a redirect leaves it.
std::optional<CachedMtu> parse_cached_mtu(const Message& message);

// Any message of a multicast group.
std::optional<Event> parse_event(const Message& message);

}  // namespace meshcheck::netlink
