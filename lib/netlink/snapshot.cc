#include "lib/netlink/snapshot.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "lib/netlink/parse.h"

namespace meshcheck::netlink {
namespace {

constexpr int kAttemptsMax = 5;

template <typename Value>
struct Bounded {
  std::vector<Value>& values;
  std::size_t values_max;
  std::size_t& left_out;

  void add(std::optional<Value> value) {
    if (!value) return;
    if (values.size() < values_max) {
      values.push_back(*std::move(value));
    } else {
      ++left_out;
    }
  }
  void clear() {
    values.clear();
    left_out = 0;
  }
};

// True when the table did not change while it was read. `clear` is called before each attempt.
template <typename Clear, typename Take>
Result<bool> read(Socket& socket, Socket::Table table, Clear clear, Take take) {
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    clear();
    auto consistent = socket.dump(table, take);
    if (!consistent || *consistent) return consistent;
  }
  return false;
}

// `parse` returns nothing for entries that are not wanted.
template <typename Value, typename Parse>
Result<bool> fill(Socket& socket, Socket::Table table, Bounded<Value> into, Parse parse) {
  return read(
      socket, table, [&] { into.clear(); },
      [&](const Message& message) { into.add(parse(message)); });
}

std::optional<Route> parse_default_route(const Message& message) {
  auto route = parse_route(message);
  if (route && !route->is_default()) return std::nullopt;
  return route;
}

Result<bool> fill_routes(Socket& socket, const Snapshot::Options& options, Snapshot& snapshot) {
  if (options.routes == Snapshot::Routes::kNone) return true;
  const auto parse = options.routes == Snapshot::Routes::kAll ? parse_route : parse_default_route;
  Bounded<Route> routes{snapshot.routes, options.routes_max, snapshot.left_out.routes};
  Bounded<CachedMtu> cached{snapshot.cached_mtus, options.cached_mtus_max,
                            snapshot.left_out.cached_mtus};
  return read(
      socket, Socket::Table::kRoutes,
      [&] {
        routes.clear();
        cached.clear();
      },
      [&](const Message& message) {
        routes.add(parse(message));
        cached.add(parse_cached_mtu(message));
      });
}

}  // namespace

Result<Snapshot> Snapshot::take(const Options& options) {
  auto socket = Socket::open({});
  if (!socket) return socket.error();
  return take(*socket, options);
}

Result<Snapshot> Snapshot::take(Socket& socket, const Options& options) {
  Snapshot snapshot;
  LeftOut& left_out = snapshot.left_out;
  const auto links =
      fill(socket, Socket::Table::kLinks,
           Bounded<Link>{snapshot.links, options.links_max, left_out.links}, parse_link);
  if (!links) return links.error().within("links");
  const auto addresses =
      fill(socket, Socket::Table::kAddresses,
           Bounded<LinkAddress>{snapshot.addresses, options.addresses_max, left_out.addresses},
           parse_address);
  if (!addresses) return addresses.error().within("addresses");
  const auto routes = fill_routes(socket, options, snapshot);
  if (!routes) return routes.error().within("routes");
  Result<bool> neighbours = true;
  if (options.neighbours) {
    neighbours =
        fill(socket, Socket::Table::kNeighbours,
             Bounded<Neighbour>{snapshot.neighbours, options.neighbours_max, left_out.neighbours},
             parse_neighbour);
  }
  if (!neighbours) return neighbours.error().within("neighbours");
  snapshot.inconsistent = !*links || !*addresses || !*routes || !*neighbours;
  return snapshot;
}

const Link* Snapshot::link(std::uint32_t index) const {
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const Link& l) { return l.index == index; });
  return found == links.end() ? nullptr : &*found;
}

const Link* Snapshot::link(std::string_view name) const {
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const Link& l) { return l.name == name; });
  return found == links.end() ? nullptr : &*found;
}

std::vector<LinkAddress> Snapshot::addresses_of(std::uint32_t link_index) const {
  std::vector<LinkAddress> found;
  std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(found),
               [&](const LinkAddress& address) { return address.link_index == link_index; });
  return found;
}

std::vector<Gateway> Snapshot::default_gateways() const {
  std::vector<Gateway> gateways;
  for (const Route& route : routes) {
    if (!route.is_default()) continue;
    for (const Route::NextHop& next_hop : route.next_hops) {
      gateways.push_back({.family = route.family(),
                          .address = next_hop.gateway,
                          .link_index = next_hop.link_index,
                          .metric = route.metric,
                          .down = next_hop.down});
    }
  }
  // Stable: of equal routes the kernel uses the one it names first.
  std::stable_sort(gateways.begin(), gateways.end(), [](const Gateway& a, const Gateway& b) {
    return std::tie(a.family, a.metric) < std::tie(b.family, b.metric);
  });
  return gateways;
}

const Neighbour* Snapshot::neighbour_of(const Gateway& gateway) const {
  if (!gateway.address) return nullptr;
  const auto found =
      std::find_if(neighbours.begin(), neighbours.end(), [&](const Neighbour& neighbour) {
        return neighbour.link_index == gateway.link_index && neighbour.address == *gateway.address;
      });
  return found == neighbours.end() ? nullptr : &*found;
}

}  // namespace meshcheck::netlink
