#include "mesh/verdict/evidence.h"

#include <algorithm>

namespace meshcheck::verdict {
namespace {

// A path is called down three probe intervals after it was cut, and a living agent at its other
// end would have said so by then; half of what is between is for delays.
constexpr int kSilenceIntervals = 2;
// So many have to find an agent unreachable before its own report is set aside.
constexpr std::uint32_t kDoubtsMin = 2;

// A mesh that loses 0.1 % has a loss in a minute on a tenth of its paths. More than that, and one
// path that loses a few in a row is no longer a surprise.
constexpr double kRestlessShare = 0.2;
constexpr std::uint32_t kRestlessMin = 5;
constexpr int kRestlessIntervals = 15;
constexpr double kLosingShare = 0.06;
constexpr std::uint32_t kLosingMin = 3;
// Of fewer paths, some that lose many packets look cut now and then.
constexpr std::uint32_t kShakenMin = 16;
// What a path has lost in the last minute may be of an outage before.
constexpr std::chrono::seconds kMinute{60};

struct Heard {
  std::uint32_t known = 0;
  std::uint32_t silent = 0;
};
struct Return {
  std::uint32_t known = 0;
  std::uint32_t back = 0;
  Clock::time_point last;

  void add(const Path& path) {
    ++known;
    if (!path.recovering) return;
    ++back;
    last = std::max(last, path.since);
  }
};
struct Lossy {
  std::uint32_t known = 0;
  std::uint32_t lossy = 0;
  std::uint32_t lately = 0;

  void add(const Path& path) {
    ++known;
    lossy += path.lost > 0 ? 1 : 0;
    lately += path.lost_lately > 0 ? 1 : 0;
  }
  std::uint8_t losing() const {
    return lately >= kLosingMin && lately >= kLosingShare * known ? 1 : 0;
  }
  std::uint8_t restless() const {
    // Between two nodes there are but four.
    const std::uint32_t least =
        known >= kRestlessMin - 1 ? std::min(kRestlessMin, known) : kRestlessMin;
    return lossy >= least && lossy >= kRestlessShare * known ? 1 : 0;
  }
};

}  // namespace

Evidence::Evidence(const View& from)
    : view(from),
      doubtful(from.agents.size()),
      suspects(from.nodes.size(), 1),
      agent_of(from.nodes.size(), {kNoIndex, kNoIndex}),
      explained(from.nodes.size()),
      explained_zones(from.zones.size()),
      port_closed(from.nodes.size()),
      restless(from.nodes.size()),
      sees_peers(from.agents.size()),
      answered_by(from.agents.size()),
      back_since(from.agents.size()) {
  const std::size_t zones = view.zones.size() <= kZonesMax ? view.zones.size() : 0;
  zone_count = zones;
  std::vector<Heard> heard(view.agents.size());
  std::vector<Return> returns(view.agents.size());
  std::vector<Lossy> nodes(view.nodes.size());
  std::vector<Lossy> between(zones * zones);
  bool family_seen[2] = {};
  for (const Path& path : view.paths) {
    // Twins fall silent with their node.
    if (path.relation != Relation::kPeer || path.state == PathState::kUnknown) continue;
    family_seen[path.family == PathFamily::kIpv6 ? 1 : 0] = true;
    Heard& of = heard[path.to];
    ++of.known;
    returns[path.from].add(path);
    if (path.state == PathState::kDown) {
      if (!path.trickles && silent_since(path.to, path.since)) ++of.silent;
      continue;
    }
    sees_peers[path.from] = 1;
    if (answers_now(path)) ++answered_by[path.from];
    const Index tail = node_of(path.from);
    const Index head = node_of(path.to);
    if (tail == kNoIndex || head == kNoIndex) continue;
    if (path.state == PathState::kUp && view.now - path.since < kMinute) continue;
    nodes[tail].add(path);
    nodes[head].add(path);
    const Index tail_zone = view.nodes[tail].zone;
    const Index head_zone = view.nodes[head].zone;
    if (zones == 0 || tail_zone == kNoIndex || head_zone == kNoIndex) continue;
    between[tail_zone * zones + head_zone].add(path);
    between[head_zone * zones + tail_zone].add(path);
  }
  both_families = family_seen[0] && family_seen[1];
  std::transform(nodes.begin(), nodes.end(), restless.begin(),
                 [](const Lossy& seen) { return seen.restless(); });
  restless_zones.resize(between.size());
  std::transform(between.begin(), between.end(), restless_zones.begin(),
                 [](const Lossy& seen) { return seen.restless(); });
  losing.resize(nodes.size());
  std::transform(nodes.begin(), nodes.end(), losing.begin(),
                 [](const Lossy& seen) { return seen.losing(); });
  losing_between.resize(between.size());
  std::transform(between.begin(), between.end(), losing_between.begin(),
                 [](const Lossy& seen) { return seen.losing(); });
  known_of_node.resize(nodes.size());
  std::transform(nodes.begin(), nodes.end(), known_of_node.begin(),
                 [](const Lossy& seen) { return seen.known; });
  known_between.resize(between.size());
  std::transform(between.begin(), between.end(), known_between.begin(),
                 [](const Lossy& seen) { return seen.known; });
  for (Index agent = 0; agent < view.agents.size(); ++agent) {
    const Agent& seen = view.agents[agent];
    const Heard& of = heard[agent];
    const Return& back = returns[agent];
    if (back.back > 0 && 2 * back.back >= back.known) back_since[agent] = back.last;
    const bool missed = of.silent > 0 && of.silent >= std::min(kDoubtsMin, of.known);
    doubtful[agent] = is_gone(seen.status) || missed ? 1 : 0;
    if (seen.node == kNoIndex) continue;
    Index& seat = agent_of[seen.node][seen.layer == Layer::kHost ? 1 : 0];
    if (seat == kNoIndex || seen.probes || !view.agents[seat].probes) seat = agent;
    if (doubtful[agent] == 0) suspects[seen.node] = 0;
  }
}

bool Evidence::silent_since(Index agent, Clock::time_point since) const {
  const Agent& seen = view.agents[agent];
  return is_gone(seen.status) || since >= seen.reported + kSilenceIntervals * view.probe_interval;
}

bool Evidence::answers_now(const Path& path) const {
  return path.state != PathState::kDown && path.state != PathState::kUnknown &&
         2 * std::chrono::milliseconds(path.answer_age_ms) <= 3 * view.probe_interval;
}

bool Evidence::is_settled(Index node, Clock::time_point since, Clock::duration usually) const {
  const Clock::duration longer = kRestlessIntervals * view.probe_interval;
  const Clock::duration wanted = restless[node] != 0 ? std::max(longer, 2 * usually) : usually;
  return view.now - since >= wanted;
}

bool Evidence::is_settled(const Subject& pair, Clock::time_point since,
                          Clock::duration usually) const {
  if (!is_settled(pair.first, since, usually) || !is_settled(pair.second, since, usually)) {
    return false;
  }
  const Index zone = view.nodes[pair.first].zone;
  const Index other = view.nodes[pair.second].zone;
  if (restless_zones.empty() || zone == kNoIndex || other == kNoIndex) return true;
  if (restless_zones[zone * view.zones.size() + other] == 0) return true;
  return view.now - since >=
         std::max<Clock::duration>(kRestlessIntervals * view.probe_interval, 2 * usually);
}

bool Evidence::counts(const Path& path) const {
  if (path.state == PathState::kUnknown || doubtful[path.from] != 0) return false;
  if (node_of(path.from) == kNoIndex) return false;
  if (!between_agents(path)) return true;
  if (node_of(path.to) == kNoIndex) return false;
  // Who did not run could not answer either.
  return path.state == PathState::kUp || view.agents[path.to].status != Agent::Status::kStarved;
}

bool Evidence::is_shaken(const Subject& subject, Scope scope) const {
  const auto zone_of = [&](Index node) { return view.nodes[node].zone; };
  const auto concerns = [&](Index tail, Index head) {
    switch (subject.type) {
      case Subject::Type::kNode:
        return tail == subject.first || head == subject.first;
      case Subject::Type::kZone:
        return (zone_of(tail) == subject.first) != (zone_of(head) == subject.first);
      case Subject::Type::kZonePair:
        return (zone_of(tail) == subject.first && zone_of(head) == subject.second) ||
               (zone_of(tail) == subject.second && zone_of(head) == subject.first);
      default:
        return false;
    }
  };
  std::uint32_t steady = 0;
  std::uint32_t shaken = 0;
  for (const Path& path : view.paths) {
    if (path.relation != Relation::kPeer || path.state == PathState::kUnknown) continue;
    const Index tail = node_of(path.from);
    const Index head = node_of(path.to);
    if (tail == kNoIndex || head == kNoIndex || !concerns(tail, head)) continue;
    const bool host = layer_of(path.from) == Layer::kHost;
    if (scope != Scope::kBoth && host != (scope == Scope::kHost)) continue;
    const bool cut = path.state == PathState::kDown && !path.trickles;
    ++(cut || path.recovering ? shaken : steady);
  }
  return shaken + steady >= kShakenMin && shaken >= steady;
}

void excuse(const View& view, Finding& finding) {
  const auto of_node = [&](Index node) {
    if (node != kNoIndex && finding.excuse == Excuse::kNone)
      finding.excuse = view.nodes[node].excuse;
  };
  if (finding.subject.type == Subject::Type::kNode) of_node(finding.subject.first);
  if (finding.subject.type == Subject::Type::kAgent) {
    of_node(view.agents[finding.subject.first].node);
  }
  if (finding.subject.type == Subject::Type::kNodePair) {
    of_node(finding.subject.first);
    of_node(finding.subject.second);
  }
  // That a node is not ready confirms that it is down, and excuses nothing: it becomes so by
  // itself.
  if (finding.excuse == Excuse::kCordoned || finding.excuse == Excuse::kTerminating) {
    finding.severity = Severity::kInfo;
  }
}

}  // namespace meshcheck::verdict
