// What is down between agents.
#include <algorithm>
#include <map>

#include "mesh/verdict/cover.h"
#include "mesh/verdict/signals.h"

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

// Others' paths go down within one interval of each other, and are reported within another.
constexpr double kSettleIntervals = 1.5;
constexpr int kHostUnseenIntervals = 8;
// A report may come so long after the fault that says what the other end heard.
constexpr int kWayUnknownIntervals = 8;
constexpr double kSideMin = 0.15;
// Until then, who lost all but its own zone may be the first that is known of the zone.
constexpr double kZoneSettleIntervals = 2.5;
constexpr std::uint32_t kOwnZoneMin = 2;
// Of the paths to an agent, how many have to have failed after its last report.
constexpr double kSilentShare = 0.8;
// Of the paths of one way, how many have to fail for the port to be closed that way.
constexpr double kOneWayShare = 0.9;

class Reachability {
 public:
  Reachability(Evidence& evidence, Findings& findings)
      : evidence_(evidence),
        view_(evidence.view),
        findings_(findings),
        settle_(std::chrono::duration_cast<Clock::duration>(kSettleIntervals *
                                                            evidence.view.probe_interval)),
        cover_(view_, evidence.suspects, {}) {}

  void find() {
    const bool any = std::any_of(view_.paths.begin(), view_.paths.end(), [](const Path& path) {
      return path.relation == Relation::kPeer && path.state == PathState::kDown;
    });
    if (!any) return;
    for (Index at = 0; at < view_.paths.size(); ++at) add(at);
    for (const Explanation& found : cover_.explain()) {
      if (is_settled(found)) tell(found);
    }
    count_pairs();
  }

 private:
  void add(Index at) {
    const Path& path = view_.paths[at];
    if (path.relation != Relation::kPeer || !evidence_.counts(path)) return;
    Observation seen = observe(evidence_, at);
    // Where single answers still come, nothing is cut.
    if (path.state != PathState::kDown || path.trickles) {
      cover_.add_good(seen);
      return;
    }
    seen.ahead = path.cut == Cut::kForward || path.cut == Cut::kBoth;
    seen.back = path.cut == Cut::kBackward || path.cut == Cut::kBoth;
    cover_.add_bad(seen);
  }

  bool is_settled(const Explanation& found) const {
    if (found.subject.type != Type::kNodePair && !found.partial) return true;
    Clock::time_point latest = found.since;
    for (const std::uint32_t member : found.members) {
      latest = std::max(latest, cover_.bad()[member].since);
    }
    if (found.partial) return evidence_.is_settled(found.subject.first, latest, settle_);
    return evidence_.is_settled(found.subject, latest,
                                is_of_pair(found) ? Clock::duration{} : settle_);
  }

  // Whether both ends reach others, also between the same zones, so that it is no larger fault that
  // begins.
  bool is_of_pair(const Explanation& found) const {
    const Subject& pair = found.subject;
    if (found.members.size() < 2 || evidence_.losing[pair.first] != 0 ||
        evidence_.losing[pair.second] != 0) {
      return false;
    }
    for (const std::uint32_t member : found.members) {
      const std::size_t layer = cover_.bad()[member].layer == Layer::kHost ? 1 : 0;
      for (const Index node : {pair.first, pair.second}) {
        const Index agent = evidence_.agent_of[node][layer];
        if (agent == kNoIndex || !evidence_.is_answered(agent)) return false;
        if (view_.agents[agent].reported < found.since) return false;
      }
    }
    const Index zone = view_.nodes[pair.first].zone;
    const Index other = view_.nodes[pair.second].zone;
    if (zone == kNoIndex || other == kNoIndex || evidence_.zone_count == 0) return true;
    if (evidence_.losing_between[zone * evidence_.zone_count + other] != 0) return false;
    if (zone == other) return true;
    std::uint32_t across = 0;
    for (const Path& path : view_.paths) {
      if (path.relation != Relation::kPeer || !evidence_.answers_now(path)) continue;
      if (view_.agents[path.from].reported < found.since || !evidence_.counts(path)) continue;
      const Index tail = view_.nodes[evidence_.node_of(path.from)].zone;
      const Index head = view_.nodes[evidence_.node_of(path.to)].zone;
      across += (tail == zone && head == other) || (tail == other && head == zone) ? 1U : 0U;
      if (across >= Evidence::kAnsweredMin) return true;
    }
    return false;
  }

  void tell(const Explanation& found) {
    Finding finding = finding_of(evidence_, found, Severity::kCritical);
    finding.partial = found.partial;
    for (const std::uint32_t member : found.members) {
      const Index at = cover_.bad()[member].path;
      finding.add_evidence(at);
      finding.cross_checks.add(view_, at);
    }
    switch (found.subject.type) {
      case Type::kNode: {
        const bool told = tell_node(found, finding);
        // While it is silent it may be dead, whatever answered pings before.
        const bool may_be_down = !told && finding.silent;
        explain(found.subject.first, finding, is_port_closed(finding) && !may_be_down);
        if (!told) return;
        break;
      }
      case Type::kNodePair:
        finding.kind = Kind::kReachability;
        finding.severity = Severity::kWarning;
        if (const Index end = lone_end(found); end != kNoIndex) {
          if (!evidence_.silent_since(end, found.since)) break;
          // It is known to be silent when its next report is missed.
          if (!is_gone(view_.agents[end].status)) return;
          finding.kind = Kind::kAgentDown;
          finding.subject = {.type = Type::kAgent, .first = end};
        }
        break;
      case Type::kAll:
        finding.kind = found.scope == Scope::kPod ? Kind::kPodNetwork : Kind::kHostLink;
        for (Index node = 0; node < view_.nodes.size(); ++node) {
          explain(node, finding, is_port_closed(finding));
        }
        break;
      default:
        finding.kind = Kind::kZonePartition;
        if (is_port_closed(finding)) break;
        evidence_.explained_zones[found.subject.first] = 1;
        if (found.subject.second != kNoIndex) evidence_.explained_zones[found.subject.second] = 1;
        break;
    }
    // What answers pings is neither broken nor cut off.
    if (is_port_closed(finding) && finding.kind != Kind::kZonePartition) {
      finding.kind = Kind::kReachability;
      if (finding.partial) tell_one_way(found, finding);
    }
    findings_.push_back(finding);
  }

  // A port that is closed to a node closes no port to others: its own probes pass. Then all of one
  // way is not a part.
  void tell_one_way(const Explanation& found, Finding& finding) const {
    const Index node = found.subject.first;
    for (const bool out : {false, true}) {
      const auto end_of = [out](const Observation& seen) { return out ? seen.tail : seen.head; };
      const auto leads_there = [&](std::uint32_t member) {
        return end_of(cover_.bad()[member]) == node;
      };
      if (!std::all_of(found.members.begin(), found.members.end(), leads_there)) continue;
      std::uint32_t observed = 0;
      for (Index at = 0; at < view_.paths.size(); ++at) {
        if (view_.paths[at].relation != Relation::kPeer || !evidence_.counts(view_.paths[at]))
          continue;
        const Observation seen = observe(evidence_, at);
        const bool in_scope = finding.scope == Scope::kBoth ||
                              (finding.scope == Scope::kHost) == (seen.layer == Layer::kHost);
        observed += end_of(seen) == node && in_scope ? 1U : 0U;
      }
      const auto failing = static_cast<std::uint32_t>(found.members.size());
      if (failing < kOneWayShare * observed) continue;
      finding.partial = false;
      finding.way = out ? Way::kOut : Way::kIn;
      finding.failing = failing;
      finding.observed = observed;
    }
  }

  // The one agent to which all that fails leads, if nobody else probes it, as between two nodes.
  Index lone_end(const Explanation& found) const {
    const Index end = view_.paths[cover_.bad()[found.members.front()].path].to;
    const auto leads_there = [&](std::uint32_t member) {
      return view_.paths[cover_.bad()[member].path].to == end;
    };
    if (!std::all_of(found.members.begin(), found.members.end(), leads_there)) return kNoIndex;
    const auto known = std::count_if(view_.paths.begin(), view_.paths.end(), [&](const Path& path) {
      return path.relation == Relation::kPeer && path.to == end && evidence_.counts(path);
    });
    return known == std::ssize(found.members) ? end : kNoIndex;
  }

  // What is cut off has no other faults that could be seen; behind a closed port they are seen.
  void explain(Index node, const Finding& finding, bool port_closed) {
    if (port_closed) {
      evidence_.port_closed[node] = 1;
    } else {
      evidence_.explained[node] |= explained_by(finding);
    }
  }

  static std::uint8_t explained_by(const Finding& finding) {
    if (finding.partial) return Evidence::kSome;
    if (finding.scope == Scope::kPod) return Evidence::kPods;
    if (finding.scope == Scope::kHost) return Evidence::kHosts;
    return Evidence::kPods | Evidence::kHosts;
  }

  // Whether nothing came from the node's agent of that layer since the paths to it failed.
  bool is_silent(const Explanation& found, Layer layer) const {
    const Index agent = evidence_.agent_of[found.subject.first][layer == Layer::kHost ? 1 : 0];
    if (agent == kNoIndex) return true;
    std::uint32_t known = 0;
    std::uint32_t silent = 0;
    for (const std::uint32_t member : found.members) {
      const Path& path = view_.paths[cover_.bad()[member].path];
      if (path.to != agent) continue;
      ++known;
      silent += evidence_.silent_since(agent, path.since) ? 1U : 0U;
    }
    return known > 0 ? silent >= kSilentShare * known : evidence_.doubtful[agent] != 0;
  }

  Pings pings_in(const Explanation& found, Layer layer) const {
    return verdict::pings_in(view_, found, cover_.bad(), layer);
  }

  // Whether the node's kernel is known to live. That of the host also answers when both agents are
  // gone, and with them the pod's address.
  bool answers_pings(const Explanation& found) const {
    for (const Layer layer : {Layer::kPod, Layer::kHost}) {
      const Pings pings = pings_in(found, layer);
      if (pings == Pings::kPass || pings == Pings::kSome) return true;
    }
    return false;
  }

  enum class Twin { kNone, kUnknown, kUp, kDown };
  // Whether the agent answers its own node, as far as that was looked at since others lost it.
  Twin twin_of(const Explanation& found, Layer layer) const {
    const Index agent = evidence_.agent_of[found.subject.first][layer == Layer::kHost ? 1 : 0];
    Twin twin = Twin::kNone;
    for (const Path& path : view_.paths) {
      if (path.relation != Relation::kTwin || path.to != agent || !evidence_.counts(path)) continue;
      if (path.state == PathState::kDown) return Twin::kDown;
      if (twin == Twin::kNone) twin = Twin::kUnknown;
      const Clock::time_point reported = view_.agents[path.from].reported;
      if (reported >= found.since + view_.probe_interval) twin = Twin::kUp;
    }
    return twin;
  }

  // With new peers, hosts may take longer to be known than pods.
  bool is_host_unseen(const Explanation& found) const {
    const Index host = evidence_.agent_of[found.subject.first][1];
    return host != kNoIndex && evidence_.doubtful[host] == 0 && evidence_.sees_peers[host] == 0 &&
           view_.now - found.since < kHostUnseenIntervals * view_.probe_interval;
  }

  // Whether both what the node probes and what probes it fails.
  bool has_both_sides(const Explanation& found) const {
    const auto from = static_cast<double>(std::count_if(
        found.members.begin(), found.members.end(),
        [&](std::uint32_t member) { return cover_.bad()[member].tail == found.subject.first; }));
    const auto all = static_cast<double>(found.members.size());
    return from >= kSideMin * all && from <= (1 - kSideMin) * all;
  }

  // Whether all that fails is with other zones, and its own is fine.
  bool is_maybe_zone(const Explanation& found) const {
    const Index node = found.subject.first;
    const Index zone = view_.nodes[node].zone;
    const bool young = view_.now - found.since < std::chrono::duration_cast<Clock::duration>(
                                                     kZoneSettleIntervals * view_.probe_interval);
    if (!young || zone == kNoIndex) return false;
    const auto in_zone = [&](Index other) { return view_.nodes[other].zone == zone; };
    const bool inside =
        std::any_of(found.members.begin(), found.members.end(), [&](std::uint32_t member) {
          return in_zone(cover_.bad()[member].tail) && in_zone(cover_.bad()[member].head);
        });
    if (inside) return false;
    std::uint32_t fine = 0;
    for (const Path& path : view_.paths) {
      if (path.relation != Relation::kPeer || !evidence_.counts(path)) continue;
      const Index tail = evidence_.node_of(path.from);
      const Index head = evidence_.node_of(path.to);
      if ((tail != node && head != node) || path.state == PathState::kDown) continue;
      fine += in_zone(tail) && in_zone(head) ? 1U : 0U;
    }
    return fine >= kOwnZoneMin;
  }

  // When half of it had failed: some paths may be down from a fault before.
  Clock::time_point began(const Explanation& found) const {
    std::vector<Clock::time_point> times;
    for (const std::uint32_t member : found.members) times.push_back(cover_.bad()[member].since);
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
  }

  // Whether it can be said yet.
  bool tell_node(const Explanation& found, Finding& finding) {
    const Index node = found.subject.first;
    const bool pods = found.scope != Scope::kHost;
    const bool hosts = found.scope != Scope::kPod;
    finding.kind = hosts ? Kind::kHostLink : Kind::kPodNetwork;
    if (finding.partial) {
      finding.severity = Severity::kWarning;
      return true;
    }
    finding.silent =
        (!pods || is_silent(found, Layer::kPod)) && (!hosts || is_silent(found, Layer::kHost));
    if (is_maybe_zone(found)) return false;
    const bool young = view_.now - began(found) < kWayUnknownIntervals * view_.probe_interval;
    // Who hears others lives. Where only one side is known, so is only one way.
    if (finding.way == Way::kOut && finding.silent && young) return false;
    if (finding.way == Way::kIn && !finding.silent && young && !has_both_sides(found)) return false;
    if (pods && hosts && finding.silent) {
      finding.kind = answers_pings(found) ? Kind::kAgentDown : Kind::kNodeDown;
      return true;
    }
    // The node speaks, so it will soon be known whether it is cut off both ways.
    if (!finding.silent && finding.way == Way::kUnknown && young) return false;
    const Layer layer = hosts ? Layer::kHost : Layer::kPod;
    const Index agent = evidence_.agent_of[node][hosts ? 1 : 0];
    if (pods && !hosts && is_host_unseen(found)) return false;
    const bool pinged = pings_of(finding) == Pings::kPass;
    if (pods != hosts && (pods || pinged)) {
      const Twin twin = twin_of(found, layer);
      finding.twin_down = pods && twin == Twin::kDown;
      finding.silent = finding.silent && twin != Twin::kUp;
      // Behind a closed port an agent lives and has nothing to hurry for. A dead one's twin
      // hurries.
      if (pinged && finding.silent && twin == Twin::kUnknown && young) return false;
    }
    if (pods != hosts && finding.silent && agent != kNoIndex && is_silent(found, layer)) {
      if (evidence_.agent_of[node][hosts ? 0 : 1] == kNoIndex && !answers_pings(found)) {
        if (hosts && pings_in(found, layer) == Pings::kLost) {
          finding.kind = Kind::kNodeDown;
          return true;
        }
        finding.node_unseen = true;
      }
      finding.kind = Kind::kAgentDown;
      finding.severity = Severity::kWarning;
      finding.subject = {.type = Type::kAgent, .first = agent};
      return true;
    }
    const bool one_way = finding.way == Way::kOut || finding.way == Way::kIn;
    // Pods get through the host's network, so it is not its link.
    if (one_way || (hosts && !pods && evidence_.agent_of[node][0] != kNoIndex)) {
      finding.kind = Kind::kReachability;
    }
    return true;
  }

  // The fine paths of a pair count too; only now it is known which pairs are asked for.
  void count_pairs() {
    std::map<std::pair<Index, Index>, Finding*> pairs;
    for (Finding& finding : findings_) {
      if (finding.subject.type == Type::kNodePair) {
        pairs[{finding.subject.first, finding.subject.second}] = &finding;
      }
    }
    if (pairs.empty()) return;
    for (const Path& path : view_.paths) {
      if (path.relation != Relation::kPeer || path.state == PathState::kDown ||
          !evidence_.counts(path)) {
        continue;
      }
      const Index tail = evidence_.node_of(path.from);
      const Index head = evidence_.node_of(path.to);
      const auto pair = pairs.find({std::min(tail, head), std::max(tail, head)});
      if (pair == pairs.end()) continue;
      const bool host = evidence_.layer_of(path.from) == Layer::kHost;
      const Scope scope = pair->second->scope;
      if (scope == Scope::kBoth || host == (scope == Scope::kHost)) ++pair->second->observed;
    }
  }

  Evidence& evidence_;
  const View& view_;
  Findings& findings_;
  const Clock::duration settle_;
  Cover cover_;
};

}  // namespace

void find_unreachable(Evidence& evidence, Findings& findings) {
  Reachability(evidence, findings).find();
}

}  // namespace meshcheck::verdict
