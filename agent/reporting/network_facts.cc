#include "agent/reporting/network_facts.h"

#include <algorithm>
#include <span>
#include <utility>

namespace meshcheck::agent {
namespace {

using netlink::Snapshot;

// A report shows fewer; these only bound the work. Beyond them the default routes are read alone.
constexpr std::size_t kRoutesMax = 4096;

constexpr std::chrono::milliseconds kConfirmSlack{1000};

std::string with_prefix(const IpAddress& address, std::uint8_t prefix_length) {
  return address.text() + "/" + std::to_string(prefix_length);
}

std::string name_of(const Snapshot& snapshot, std::uint32_t link_index) {
  const netlink::Link* const link = snapshot.link(link_index);
  return link == nullptr ? "" : link->name;
}

// The two ends of a pair of links stand side by side, wherever the other one is.
std::string underlay_of(const Snapshot& snapshot, const netlink::Link& link) {
  const bool is_pair = link.kind == "veth" || link.kind == "netkit";
  if (is_pair || link.underlay_is_elsewhere || link.underlay == link.index) return "";
  return name_of(snapshot, link.underlay);
}

mesh::ReportLinkCounters counters_of(const netlink::Link& link) {
  const netlink::Link::Statistics& statistics = link.statistics;
  return {.rx_bytes = statistics.rx_bytes,
          .tx_bytes = statistics.tx_bytes,
          .rx_packets = statistics.rx_packets,
          .tx_packets = statistics.tx_packets,
          .rx_errors = statistics.rx_errors,
          .tx_errors = statistics.tx_errors,
          .rx_dropped = statistics.rx_dropped,
          .tx_dropped = statistics.tx_dropped,
          .carrier_changes = link.carrier_changes};
}

void describe_links(const Snapshot& snapshot, Layer layer, mesh::Report& report) {
  for (const netlink::Link& link : snapshot.links) {
    mesh::ReportLink described{.name = link.name,
                               .index = link.index,
                               .kind = link.kind,
                               .underlay = underlay_of(snapshot, link),
                               .mtu = link.mtu,
                               .state = std::string(netlink::text(link.state)),
                               .carrier = link.carrier,
                               .addresses = {},
                               .counters = {},
                               .tso = link.offloads.tso,
                               .gso = link.offloads.gso,
                               .gro = link.offloads.gro};
    for (const netlink::LinkAddress& address : snapshot.addresses_of(link.index)) {
      described.addresses.push_back(with_prefix(address.address, address.prefix_length));
    }
    if (layer == Layer::kHost) described.counters = counters_of(link);
    report.ips[link.name] = described.addresses;
    report.mesh.links.push_back(std::move(described));
  }
}

void describe_gateways(const Snapshot& snapshot, mesh::Report& report) {
  for (const netlink::Gateway& gateway : snapshot.default_gateways()) {
    mesh::ReportGateway described{
        .address = gateway.address ? gateway.address->text() : "",
        .link = name_of(snapshot, gateway.link_index),
        .family = gateway.family == IpAddress::Family::kIpv4 ? "ipv4" : "ipv6",
        .neighbour = "none"};
    if (const netlink::Neighbour* const neighbour = snapshot.neighbour_of(gateway)) {
      described.neighbour = netlink::text(neighbour->state);
      described.confirmed_age = neighbour->confirmed_age;
    }
    report.mesh.gateways.push_back(std::move(described));
  }
}

void describe_routes(const Snapshot& snapshot, mesh::Report& report) {
  auto& routes = report.mesh.routes.emplace();
  for (const netlink::Route& route : snapshot.routes) {
    mesh::ReportRoute described{.destination = with_prefix(route.destination, route.prefix_length),
                                .type = std::string(netlink::text(route.type)),
                                .gateway = {},
                                .link = {},
                                .metric = route.metric,
                                .mtu = route.mtu};
    if (route.next_hops.empty()) routes.push_back(described);
    for (const netlink::Route::NextHop& hop : route.next_hops) {
      described.gateway = hop.gateway ? hop.gateway->text() : "";
      described.link = name_of(snapshot, hop.link_index);
      routes.push_back(described);
    }
  }
  report.mesh.routes_left_out = snapshot.left_out.routes;
}

// The smallest first: a report may not have room for all.
void describe_cached_mtus(const Snapshot& snapshot, mesh::Report& report) {
  auto& described = report.mesh.cached_mtus;
  for (const netlink::CachedMtu& cached : snapshot.cached_mtus) {
    described.push_back({.destination = cached.destination.text(),
                         .mtu = cached.mtu,
                         .expires_in = cached.expires_in});
  }
  std::stable_sort(described.begin(), described.end(),
                   [](const auto& a, const auto& b) { return a.mtu < b.mtu; });
}

// The link that packets of a family leave by, if a default route says so.
const netlink::Link* default_link(const Snapshot& snapshot, IpAddress::Family family) {
  for (const netlink::Gateway& gateway : snapshot.default_gateways()) {
    if (gateway.family == family && !gateway.down) return snapshot.link(gateway.link_index);
  }
  return nullptr;
}

}  // namespace

std::vector<std::uint32_t> probe_link_mtus(const Snapshot& snapshot,
                                           const std::vector<IpAddress>& addresses) {
  std::vector<std::uint32_t> mtus;
  for (const IpAddress& address : addresses) {
    const auto carried =
        std::find_if(snapshot.addresses.begin(), snapshot.addresses.end(),
                     [&](const netlink::LinkAddress& other) { return other.address == address; });
    const netlink::Link* link =
        carried == snapshot.addresses.end() ? nullptr : snapshot.link(carried->link_index);
    if (link != nullptr && link->loopback) link = default_link(snapshot, address.family());
    mtus.push_back(link == nullptr ? 0 : link->mtu);
  }
  return mtus;
}

void describe_network(const Snapshot& snapshot, Layer layer, mesh::Report& report) {
  describe_links(snapshot, layer, report);
  describe_gateways(snapshot, report);
  describe_cached_mtus(snapshot, report);
  if (layer == Layer::kHost) describe_routes(snapshot, report);
}

void cross_check_gateways(mesh::Report& report) {
  for (mesh::ReportPath& path : report.mesh.probing.paths) {
    const auto& answer_age = path.summary.answer_age;
    if (path.relation != mesh::Relation::kGateway || !answer_age ||
        path.summary.state != mesh::PathState::kDown)
      continue;
    for (const mesh::ReportGateway& gateway : report.mesh.gateways) {
      if (path.to != gateway.address && path.to != gateway.address + "%" + gateway.link) continue;
      if (gateway.neighbour == "failed") path.cross_check = mesh::CrossCheck::kUnanswered;
      // The last ping may have confirmed it as well, a moment later.
      if (gateway.confirmed_age && *gateway.confirmed_age + kConfirmSlack < *answer_age) {
        path.cross_check = mesh::CrossCheck::kAnswered;
      }
    }
  }
}

bool is_tunnel(const netlink::Link& link) {
  return mesh::tunnel_overhead(link.kind, false) != 0 ||
         mesh::tunnel_overhead(link.kind, true) != 0;
}

std::string tunnel_kind(const Snapshot& snapshot) {
  const auto tunnel =
      std::find_if(snapshot.links.begin(), snapshot.links.end(),
                   [](const netlink::Link& link) { return link.running && is_tunnel(link); });
  return tunnel == snapshot.links.end() ? "" : tunnel->kind;
}

Result<Snapshot> NetworkReader::read() {
  if (!socket_) {
    auto opened = netlink::Socket::open({});
    if (!opened) return opened.error();
    socket_.emplace(*std::move(opened));
  }
  auto snapshot = read_from(*socket_);
  if (!snapshot) socket_.reset();
  return snapshot;
}

Result<Snapshot> NetworkReader::read_from(netlink::Socket& socket) const {
  Snapshot::Options options;
  options.routes_max = kRoutesMax;
  options.neighbours = false;
  options.routes = layer_ == Layer::kHost ? Snapshot::Routes::kAll : Snapshot::Routes::kDefaults;
  auto taken = Snapshot::take(socket, options);
  if (!taken) return taken;
  Snapshot snapshot = *std::move(taken);
  if (layer_ == Layer::kHost && snapshot.left_out.routes > 0) {
    options.routes = Snapshot::Routes::kDefaults;
    auto defaults = Snapshot::take(socket, options);
    if (!defaults) return defaults;
    const std::size_t routes = snapshot.routes.size() + snapshot.left_out.routes;
    snapshot = *std::move(defaults);
    snapshot.left_out.routes = routes - snapshot.routes.size();
  }
  // Asked for one by one: a node may have thousands of neighbours.
  for (const netlink::Gateway& gateway : snapshot.default_gateways()) {
    if (!gateway.address) continue;
    auto neighbour = socket.neighbour(gateway.link_index, *gateway.address);
    if (!neighbour) return neighbour.error();
    if (*neighbour) snapshot.neighbours.push_back(**neighbour);
  }
  const std::size_t links = std::min(snapshot.links.size(), mesh::kReportLinksMax);
  netlink::read_offloads(std::span(snapshot.links).first(links));
  return snapshot;
}

}  // namespace meshcheck::agent
