// Which of this network's addresses the kernel sends from.
#pragma once

#include <optional>

#include "lib/base/ip_address.h"

namespace meshcheck::netlink {

// The source of the route to `destination`, with all rules, tables and preferred sources applied;
// of IPv6 no temporary address. Nothing where there is no route, and for a link-local destination.
// Sends nothing, of the calling thread's network namespace.
std::optional<IpAddress> source_address(const IpAddress& destination);

}  // namespace meshcheck::netlink
