#include "mesh/simulation/simulated_server.h"

#include <algorithm>
#include <unordered_map>

namespace meshcheck::verdict::simulation {
namespace {

using mesh::PathState;

constexpr Tick kSilent = 3 * kSecond;    // Three probe intervals, as in PathJudge.
constexpr Tick kAnswered = 2 * kSecond;  // Two.
constexpr std::uint16_t kMinute = 55;    // Results, or nearly.
constexpr float kLearning = 1.0F / 64;
constexpr std::uint16_t kHostMtu = 1500;
constexpr std::uint16_t kPodMtu = 1450;
constexpr std::uint16_t kMissing = 50;  // Of what passes a port that is too small.

std::uint16_t age_of(std::optional<Tick> answered, Tick made) {
  if (!answered) return Path::kNoAge;
  constexpr Tick kMilliseconds = kTick.count();
  return static_cast<std::uint16_t>(
      std::min<Tick>((made - *answered) * kMilliseconds, Path::kNoAge));
}

}  // namespace

SimulatedServer::SimulatedServer(Options options, const Cluster& cluster)
    : options_(options), agents_(2 * cluster.nodes) {
  names_.reserve(cluster.zones + 3 * cluster.nodes);
  const auto keep = [this](std::string text) -> std::string_view {
    return names_.emplace_back(std::move(text));
  };
  for (Index zone = 0; zone < cluster.zones; ++zone) view_.zones.push_back(keep(zone_name(zone)));
  for (Index node = 0; node < cluster.nodes; ++node) {
    view_.nodes.push_back({.name = keep(node_name(node)), .zone = cluster.zone_of[node]});
    for (const Layer layer : {Layer::kPod, Layer::kHost}) {
      view_.agents.push_back({.name = keep(agent_name(node, layer)), .node = node, .layer = layer});
    }
  }
  // Pods have gateways of their own, on their nodes.
  view_.gateways.assign(1 + cluster.nodes, "10.244.0.1");
  view_.gateways[0] = kGatewayName;
  view_.targets.push_back(kDnsName);
}

void SimulatedServer::expect(Index agent, Tick now) {
  if (!agents_[agent].expected) agents_[agent] = {.expected = true, .received = now};
}

void SimulatedServer::forget(Index agent) {
  agents_[agent] = {};
}

void SimulatedServer::receive(const SentReport& report, const std::vector<Route>& routes,
                              Tick now) {
  KnownAgent& agent = agents_[report.agent];
  if (!agent.expected) return;
  agent.reported = true;
  agent.received = now;
  agent.started = report.started;
  agent.stopping = report.stopping;
  agent.starved = report.starved;
  paths_.resize(routes.size());
  const auto place = [&](Index path, std::uint32_t generation) -> KnownPath* {
    if (routes[path].generation != generation || !routes[path].used) return nullptr;
    KnownPath& known = paths_[path];
    if (known.generation != generation) known = {.generation = generation};
    return &known;
  };
  for (const auto& sent : report.rows) {
    KnownPath* const known = place(sent.path, sent.generation);
    if (known == nullptr) continue;
    for (std::size_t way = 0; way < 2; ++way) {
      if (known->row.classes[way] != sent.content.classes[way]) known->class_since[way] = now;
    }
    if (known->row.state == PathState::kDown || sent.content.state == PathState::kDown) {
      known->was_down = now;
    }
    known->row = sent.content;
    known->reported = true;
    known->losses.told(sent.content.lost, at(now));
    known->answer_age_ms = age_of(sent.content.answered, report.made);
    learn(*known, sent.content);
  }
  for (const auto& sent : report.heard) {
    KnownPath* const known = place(sent.path, sent.generation);
    if (known != nullptr && sent.content > 0) known->heard = sent.content;
  }
}

void SimulatedServer::learn(KnownPath& path, const Row& row) const {
  if (row.sent < kMinute || row.p50_us == 0) return;
  const auto mean = [](float& usual, std::uint32_t value) {
    const auto now = static_cast<float>(value);
    usual = usual == 0 ? now : usual + kLearning * (now - usual);
  };
  mean(path.usual_p50_us, row.p50_us);
  mean(path.usual_p90_us, row.p90_us);
}

bool SimulatedServer::is_outdated(const KnownAgent& agent, Tick now) const {
  return static_cast<double>(now - agent.received) >
         options_.outdated_factor * static_cast<double>(options_.report_interval);
}

bool SimulatedServer::is_unknown(const Route& route, const KnownPath& path, Tick now) const {
  const KnownAgent& from = agents_[route.from];
  if (!from.reported || from.stopping || is_outdated(from, now)) return true;
  if (path.row.state == PathState::kUnknown) return true;
  if (!route.between_agents()) return false;
  const bool fine = path.row.state == PathState::kUp;
  const KnownAgent& to = agents_[route.to];
  if (!to.reported) return !fine;
  return to.stopping || (!fine && now - to.started < grace());
}

SimulatedServer::Arrival SimulatedServer::arrival(const Route& route, const KnownPath& path,
                                                  Tick now) const {
  const KnownAgent& peer = agents_[route.to];
  if (!peer.reported || peer.stopping || is_outdated(peer, now)) return Arrival::kUnknown;
  const auto& answered = path.row.answered;
  if (path.heard && peer.received - *path.heard <= kSilent) {
    return !answered || *path.heard > *answered + kAnswered ? Arrival::kYes : Arrival::kUnknown;
  }
  const Tick cut = answered.value_or(path.row.since - kSilent);
  return peer.received >= cut + kSilent ? Arrival::kNo : Arrival::kUnknown;
}

Cut SimulatedServer::where_down(const Route& route, Index path, Index back, Tick now) const {
  const Arrival there = arrival(route, paths_[path], now);
  if (there == Arrival::kYes) return Cut::kBackward;
  if (there == Arrival::kUnknown) return Cut::kUnknown;
  if (back == kNoIndex || !paths_[back].reported || paths_[back].row.state != PathState::kDown) {
    return Cut::kForward;
  }
  const Route reverse{.from = route.to, .to = route.from};
  return arrival(reverse, paths_[back], now) == Arrival::kNo ? Cut::kBoth : Cut::kForward;
}

void SimulatedServer::view_agents(Tick now) {
  for (Index at = 0; at < agents_.size(); ++at) {
    const KnownAgent& known = agents_[at];
    Agent& agent = view_.agents[at];
    agent.expected = known.expected;
    agent.reported = SimulatedServer::at(known.received);
    agent.started = SimulatedServer::at(known.started);
    using Status = Agent::Status;
    agent.status = Status::kReporting;
    if (!known.reported) {
      // Who is not expected is not asked; who has just been started has time to report.
      agent.status = Status::kNeverReported;
      agent.expected = known.expected && now - known.received > grace();
    } else if (known.stopping) {
      agent.status = Status::kStopping;
    } else if (is_outdated(known, now)) {
      agent.status = Status::kSilent;
    } else if (known.starved) {
      agent.status = Status::kStarved;
    } else if (now - known.started < grace()) {
      agent.status = Status::kRestarted;
    }
  }
}

void SimulatedServer::find_backs(const std::vector<Route>& routes) {
  std::uint64_t version = routes.size();
  for (const Route& route : routes)
    version = version * 31 + route.generation + (route.used ? 1 : 0);
  if (version == backs_made_for_) return;
  backs_made_for_ = version;
  back_of_.assign(routes.size(), kNoIndex);
  std::unordered_map<std::uint64_t, Index> known;
  const auto key = [](Index from, Index to, const Route& route) {
    return std::uint64_t{from} << 33U | std::uint64_t{to} << 2U |
           (route.family == PathFamily::kIpv6 ? 1U : 0U);
  };
  for (Index path = 0; path < routes.size(); ++path) {
    const Route& route = routes[path];
    if (route.used && route.between_agents()) known[key(route.from, route.to, route)] = path;
  }
  for (Index path = 0; path < routes.size(); ++path) {
    const Route& route = routes[path];
    if (!route.used || !route.between_agents()) continue;
    const auto back = known.find(key(route.to, route.from, route));
    if (back != known.end()) back_of_[path] = back->second;
  }
}

const View& SimulatedServer::view(const std::vector<Route>& routes, Tick now) {
  view_.now = at(now);
  view_.paths.clear();
  view_.sizes.clear();
  paths_.resize(routes.size());
  find_backs(routes);
  view_agents(now);
  for (Index path = 0; path < routes.size(); ++path) {
    const KnownPath& known = paths_[path];
    if (!routes[path].used || !known.reported || known.generation != routes[path].generation) {
      continue;
    }
    view_path(routes, path, now);
  }
  usual_.fill(view_);
  return view_;
}

void SimulatedServer::view_path(const std::vector<Route>& routes, Index path, Tick now) {
  const Route& route = routes[path];
  const KnownPath& known = paths_[path];
  const Row& row = known.row;
  Path seen{.from = route.from, .to = route.to};
  seen.relation = route.relation;
  seen.kind = route.kind;
  seen.family = route.family;
  seen.since = at(row.since);
  if (!is_unknown(route, known, now)) seen.state = row.state;
  if (seen.state == PathState::kDown) {
    seen.trickles = row.answered && *row.answered > row.since;
    seen.cut =
        route.between_agents() ? where_down(route, path, back_of_[path], now) : Cut::kUnknown;
  }
  seen.recovering =
      known.was_down && now - *known.was_down <= 60 * kSecond && seen.state != PathState::kDown;
  seen.sent = row.sent;
  seen.lost = row.lost;
  seen.lost_forward = row.lost_forward;
  seen.lost_backward = row.lost_backward;
  seen.lost_lately = known.losses.lately();
  seen.answer_age_ms = known.answer_age_ms;
  if (row.p50_us != 0) {
    seen.p50_us = row.p50_us;
    seen.p90_us = row.p90_us;
  }
  if (known.usual_p50_us != 0) {
    seen.usual_p50_us = static_cast<std::uint32_t>(known.usual_p50_us);
    seen.usual_p90_us = static_cast<std::uint32_t>(known.usual_p90_us);
  }
  view_.paths.push_back(seen);
  if (options_.with_sizes && route.relation == Relation::kPeer) view_sizes(route, known);
}

void SimulatedServer::view_sizes(const Route& route, const KnownPath& path) {
  for (std::size_t way = 0; way < 2; ++way) {
    const FragmentationClass found = path.row.classes[way];
    const bool host = view_.agents[route.from].layer == Layer::kHost;
    SizeResult result{.sender = way == 0 ? route.from : route.to,
                      .receiver = way == 0 ? route.to : route.from,
                      .path = static_cast<Index>(view_.paths.size() - 1),
                      .family = route.family,
                      .fragmentation_class = found,
                      .size = host ? kHostMtu : kPodMtu,
                      .link_mtu = host ? kHostMtu : kPodMtu,
                      .since = at(path.class_since[way])};
    const bool reduced =
        found == FragmentationClass::kBlackHole || found == FragmentationClass::kReduced;
    if (reduced) result.size = static_cast<std::uint16_t>(result.size - kMissing);
    view_.sizes.push_back(result);
  }
}

}  // namespace meshcheck::verdict::simulation
