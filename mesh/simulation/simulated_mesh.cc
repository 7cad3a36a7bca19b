#include "mesh/simulation/simulated_mesh.h"

#include <algorithm>
#include <cassert>

namespace meshcheck::verdict::simulation {
namespace {

// A pod that said goodbye is deleted a while later.
constexpr Tick kForgetAfter = 10 * kSecond;
constexpr Tick kStopAfter = 2;

Cluster cluster_of(const SimulatedMesh::Options& options, Random& random) {
  Cluster cluster{.nodes = options.nodes, .zones = options.zones};
  for (Index node = 0; node < options.nodes; ++node) {
    cluster.zone_of.push_back(static_cast<Index>(node % options.zones));
  }
  cluster.server_zone = static_cast<Index>(random.below(options.zones));
  return cluster;
}

std::vector<mesh::Neighbours::Node> members(const Cluster& cluster) {
  std::vector<mesh::Neighbours::Node> nodes;
  for (Index node = 0; node < cluster.nodes; ++node) {
    nodes.push_back({node_name(node), zone_name(cluster.zone_of[node])});
  }
  return nodes;
}

Index agent_at(Index node, Layer layer) {
  return 2 * node + (layer == Layer::kHost ? 1 : 0);
}

// One for each agent and family.
std::array<IpAddress, 2> addresses_of(Index agent) {
  const auto high = static_cast<std::uint8_t>(agent >> 8U);
  const auto low = static_cast<std::uint8_t>(agent & 0xffU);
  const std::array<std::uint8_t, 4> ipv4 = {10, 1, high, low};
  std::array<std::uint8_t, 16> ipv6 = {0xfd};
  ipv6[14] = high;
  ipv6[15] = low;
  return {IpAddress::from_bytes(ipv4), IpAddress::from_bytes(ipv6)};
}

}  // namespace

SimulatedMesh::SimulatedMesh(const Options& options)
    : options_(options),
      random_(options.seed),
      pings_(options.seed),
      cluster_(cluster_of(options, random_)),
      neighbours_({.seed = options.seed}, members(cluster_), 0),
      now_(3600 * kSecond + static_cast<Tick>(random_.below(300 * kSecond))),
      agents_(2 * options.nodes),
      present_(options.nodes, true),
      server_(options.server, cluster_) {
  begin_epoch();
  for (Index agent = 0; agent < agents_.size(); ++agent) {
    agents_[agent].node = agent / 2;
    agents_[agent].layer = agent % 2 == 0 ? Layer::kPod : Layer::kHost;
    agents_[agent].name = agent_name(agents_[agent].node, agents_[agent].layer);
    agents_[agent].addresses = addresses_of(agent);
    agents_[agent].running = true;
  }
  for (Index agent = 0; agent < agents_.size(); ++agent) {
    start(agent, true);
    assign(agent, true);
  }
  // All have reported before.
  for (Index agent = 0; agent < agents_.size(); ++agent) {
    send_report(agent);
    agents_[agent].next_report =
        now_ + 1 +
        static_cast<Tick>(random_.below(static_cast<std::size_t>(options_.server.report_interval)));
  }
  now_ += 2;
  deliver();
}

std::size_t SimulatedMesh::paths() const {
  return static_cast<std::size_t>(
      std::count_if(routes_.begin(), routes_.end(), [](const Route& route) { return route.used; }));
}

Index SimulatedMesh::peer_of(Index node) {
  std::vector<Index> peers;
  for (const Index path : agents_[agent_at(node, Layer::kHost)].paths) {
    if (routes_[path].relation == Relation::kPeer) peers.push_back(agents_[routes_[path].to].node);
  }
  return peers.empty() ? kNoIndex : peers[random_.below(peers.size())];
}

bool SimulatedMesh::responds(Index agent) const {
  return agents_[agent].running && agents_[agent].starved_until <= now_;
}

Index SimulatedMesh::add_path(const Route& route, bool settled) {
  Index path = static_cast<Index>(routes_.size());
  if (free_.empty()) {
    routes_.emplace_back();
    probers_.emplace_back();
  } else {
    path = free_.back();
    free_.pop_back();
  }
  routes_[path] = route;
  routes_[path].used = true;
  const bool dns = route.relation == Relation::kTarget;
  Prober& prober = probers_[path];
  prober = {};
  prober.path = CheapPath(now_, dns ? kDnsInterval : kSecond);
  // A pair has its own time, zones that are not the same are further away.
  std::uint32_t base = 150;
  if (route.relation == Relation::kPeer) {
    const Index from = agents_[route.from].node;
    const Index to = agents_[route.to].node;
    Random pair(options_.seed * 7919 + std::min(from, to) * 100'003ULL + std::max(from, to));
    const bool far = cluster_.zone_of[from] != cluster_.zone_of[to];
    base = (far ? 600 : 150) + static_cast<std::uint32_t>(pair.below(far ? 900 : 150));
    agents_[route.to].incoming.push_back(path);
  }
  if (route.relation == Relation::kTwin) agents_[route.to].incoming.push_back(path);
  prober.base_us = base + (agents_[route.from].layer == Layer::kPod ? 30 : 0);
  apply_faults(path);
  if (settled) {
    for (int probe = 0; probe < 60; ++probe) prober.path.remember(round_trip(prober));
    prober.path.settle(now_);
    prober.heard = now_;
  }
  agents_[route.from].paths.push_back(path);
  return path;
}

void SimulatedMesh::remove_path(Index path) {
  Route& route = routes_[path];
  std::erase(agents_[route.from].paths, path);
  if (route.between_agents()) {
    SimulatedAgent& to = agents_[route.to];
    const SimulatedAgent& from = agents_[route.from];
    std::erase(to.incoming, path);
    to.former.push_back({.address = from.addresses[route.family == PathFamily::kIpv6 ? 1 : 0],
                         .ssid = from.ssid,
                         .heard = probers_[path].heard});
  }
  route.used = false;
  free_.push_back(path);
}

void SimulatedMesh::start(Index agent, bool settled) {
  SimulatedAgent& starting = agents_[agent];
  starting.running = true;
  starting.stopping = false;
  starting.starved = 0;
  starting.ssid = ++last_ssid_;
  if (last_ssid_ == 0) starting.ssid = ++last_ssid_;
  // Its reflector has heard nobody yet.
  for (const Index path : starting.incoming) probers_[path].heard = 0;
  starting.former.clear();
  starting.started = settled ? now_ - 3600 * kSecond : now_;
  starting.next_report = now_ + 1;
  starting.assigned = 0;
  const bool host = starting.layer == Layer::kHost;
  const Index twin = agent ^ 1U;
  for (const PathFamily family : {PathFamily::kIpv4, PathFamily::kIpv6}) {
    if (family == PathFamily::kIpv6 && !options_.ipv6) continue;
    add_path({.from = agent, .to = twin, .relation = Relation::kTwin, .family = family}, settled);
  }
  add_path({.from = agent,
            .to = host ? 0 : 1 + starting.node,
            .relation = Relation::kGateway,
            .kind = ProbeKind::kIcmp},
           settled);
  add_path({.from = agent, .to = 0, .relation = Relation::kTarget, .kind = ProbeKind::kDns},
           settled);
  server_.expect(agent, now_);
}

void SimulatedMesh::stop(Index agent) {
  SimulatedAgent& stopping = agents_[agent];
  stopping.running = false;
  const std::vector<Index> paths = stopping.paths;
  for (const Index path : paths) remove_path(path);
}

// What its answer to a report says: whom to probe from now on.
void SimulatedMesh::assign(Index agent, bool settled) {
  SimulatedAgent& asking = agents_[agent];
  asking.assigned = version_;
  std::vector<Index> wanted;
  const auto slot = neighbours_.find(node_name(asking.node));
  if (slot) {
    for (const mesh::Slot peer : neighbours_.peers(*slot)) {
      const std::string& name = neighbours_.node(peer).name;
      const auto node = static_cast<Index>(std::stoul(name.substr(name.find('-') + 1)));
      wanted.push_back(agent_at(node, asking.layer));
    }
  }
  std::sort(wanted.begin(), wanted.end());
  std::vector<Index> had;
  const std::vector<Index> paths = asking.paths;
  for (const Index path : paths) {
    if (routes_[path].relation != Relation::kPeer) continue;
    if (std::binary_search(wanted.begin(), wanted.end(), routes_[path].to)) {
      had.push_back(routes_[path].to);
    } else {
      remove_path(path);
    }
  }
  for (const Index peer : wanted) {
    if (std::find(had.begin(), had.end(), peer) != had.end()) continue;
    for (const PathFamily family : {PathFamily::kIpv4, PathFamily::kIpv6}) {
      if (family == PathFamily::kIpv6 && !options_.ipv6) continue;
      add_path({.from = agent, .to = peer, .relation = Relation::kPeer, .family = family}, settled);
    }
  }
}

void SimulatedMesh::begin_epoch() {
  neighbours_.begin_epoch(static_cast<std::uint64_t>(now_ / options_.epoch));
  if (!neighbours_.full_mesh()) ++version_;
}

void SimulatedMesh::step() {
  ++now_;
  if (now_ % options_.epoch == 0) begin_epoch();
  run_lifecycle();
  probe();
  report();
  deliver();
}

void SimulatedMesh::run_lifecycle() {
  for (Index agent = 0; agent < agents_.size(); ++agent) {
    SimulatedAgent& of = agents_[agent];
    if (of.stop_at && *of.stop_at <= now_) {
      of.stop_at.reset();
      stop(agent);
    }
    if (of.forget_at && *of.forget_at <= now_) {
      of.forget_at.reset();
      server_.forget(agent);
    }
    if (of.start_at && *of.start_at <= now_) {
      of.start_at.reset();
      start(agent, false);
    }
    if (of.starved_until == now_ && of.running) {
      ++of.starved;
      for (const Index path : of.paths) {
        probers_[path].under_way = false;
        probers_[path].path.starved(now_);
      }
    }
  }
}

void SimulatedMesh::restart(Index agent, Tick pause) {
  SimulatedAgent& of = agents_[agent];
  if (!of.running || of.stopping) return;
  of.stopping = true;
  send_report(agent);
  of.stop_at = now_ + kStopAfter;
  of.start_at = now_ + kStopAfter + pause;
}

void SimulatedMesh::remove_node(Index node, Tick pause) {
  for (const Layer layer : {Layer::kPod, Layer::kHost}) {
    SimulatedAgent& of = agents_[agent_at(node, layer)];
    if (!of.running || of.stopping) return;
  }
  for (const Layer layer : {Layer::kPod, Layer::kHost}) {
    const Index agent = agent_at(node, layer);
    restart(agent, pause);
    agents_[agent].forget_at = now_ + kForgetAfter;
  }
  present_[node] = false;
  neighbours_.leave(node_name(node));
  ++version_;
}

void SimulatedMesh::join(Index node) {
  if (present_[node]) return;
  present_[node] = true;
  neighbours_.join({node_name(node), zone_name(cluster_.zone_of[node])});
  ++version_;
}

void SimulatedMesh::inject(const Fault& fault) {
  faults_.push_back(fault);
  const auto of_layer = [&](Layer layer) { return agent_at(fault.node, layer); };
  if (fault.type == Fault::Type::kNodeDown) {
    stop(of_layer(Layer::kPod));
    stop(of_layer(Layer::kHost));
  }
  const Layer layer = fault.scope == Scope::kHost ? Layer::kHost : Layer::kPod;
  if (fault.type == Fault::Type::kAgentDown) stop(of_layer(layer));
  if (fault.type == Fault::Type::kAgentStarved) {
    agents_[of_layer(layer)].starved_until =
        now_ + kSecond + static_cast<Tick>(random_.below(9 * kSecond));
  }
  apply_faults();
}

void SimulatedMesh::heal() {
  const std::vector<Fault> over = std::move(faults_);
  faults_.clear();
  for (const Fault& fault : over) {
    const bool dead = fault.type == Fault::Type::kNodeDown || fault.type == Fault::Type::kAgentDown;
    if (!dead) continue;
    for (const Layer layer : {Layer::kPod, Layer::kHost}) {
      const Index agent = agent_at(fault.node, layer);
      if (!agents_[agent].running) start(agent, false);
    }
  }
  apply_faults();
}

}  // namespace meshcheck::verdict::simulation
