// The kernel's announcements of changes.
#pragma once

#include <variant>

#include "lib/netlink/address.h"
#include "lib/netlink/link.h"
#include "lib/netlink/neighbour.h"
#include "lib/netlink/route.h"

namespace meshcheck::netlink {

// The value as it is now or, when `removed`, as it was last. The kernel may announce a change more
// than once, or one that affects no field here.
struct LinkChanged {
  Link link;
  bool removed = false;
};
struct AddressChanged {
  LinkAddress address;
  bool removed = false;
};
struct RouteChanged {
  Route route;
  bool removed = false;
};
struct NeighbourChanged {
  Neighbour neighbour;
  bool removed = false;
};
// Events were lost because they came faster than we read: take a new Snapshot.
struct Overrun {};

using Event = std::variant<LinkChanged, AddressChanged, RouteChanged, NeighbourChanged, Overrun>;

}  // namespace meshcheck::netlink
