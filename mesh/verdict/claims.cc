#include "mesh/verdict/claims.h"

#include <algorithm>
#include <chrono>

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

// The same as in doc/operate/verdicts.md.
namespace hold {
using std::chrono::milliseconds;
constexpr milliseconds kPlain{400};
constexpr milliseconds kAgentDown{800};
constexpr milliseconds kAgentSilent{10'000};  // No path shows it: it may have been restarted.
constexpr milliseconds kInPart{3200};
constexpr milliseconds kSinglePath{1200};
constexpr milliseconds kGatewayOfNode{1600};  // Or of all, and here a probe was lost before.
constexpr milliseconds kServer{800};
constexpr milliseconds kServerOfNode{1600};
constexpr milliseconds kServerOfAgent{3200};
// Each path finds its sizes by itself, so which fail first is chance.
constexpr milliseconds kFullPackets{4800};
// Of a path that cannot carry full packets it is known first that it loses fragments.
constexpr milliseconds kFragments{6000};
constexpr milliseconds kFaintLoss{2000};
constexpr milliseconds kLatency{3200};
}  // namespace hold

bool is_of_sizes(const NamedFinding& named) {
  const Group group = group_of(named.finding);
  return group == Group::kFullPackets || group == Group::kFragments;
}

bool contains(const NamedFinding& wide, const NamedFinding& narrow) {
  const NamedEnd& first = wide.ends[0];
  const auto any = [&](const auto& test) {
    return test(narrow.ends[0]) || (!narrow.ends[1].name.empty() && test(narrow.ends[1]));
  };
  switch (wide.finding.subject.type) {
    case Type::kAll:
      return true;
    case Type::kGateway:
    case Type::kTarget:
      return narrow.finding.subject.type != wide.finding.subject.type;
    case Type::kZone:
      return any([&](const NamedEnd& end) { return end.zone == first.name; });
    case Type::kZonePair:
      return any([&](const NamedEnd& end) {
        return end.zone == first.name || end.zone == wide.ends[1].name;
      });
    case Type::kAgent:
      // Each of a node's two agents may be starved by itself.
      if (group_of(narrow.finding) == Group::kStarved ||
          group_of(narrow.finding) == Group::kClock) {
        return first.name == narrow.ends[0].name;
      }
      [[fallthrough]];
    case Type::kNode:
      return !first.node.empty() &&
             any([&](const NamedEnd& end) { return end.node == first.node; });
    case Type::kNodePair:
      return narrow.finding.subject.type == Type::kNodePair && first.name == narrow.ends[0].name &&
             wide.ends[1].name == narrow.ends[1].name;
    case Type::kServer:
      break;
  }
  return false;
}

// Whether it is found by the probes between agents, which go to one port.
bool is_between_agents(Group group) {
  switch (group) {
    case Group::kReachability:
    case Group::kTwin:
    case Group::kFullPackets:
    case Group::kFragments:
    case Group::kLoss:
    case Group::kLatency:
      return true;
    default:
      return false;
  }
}

// Whether the loss may still turn out to be a part of something larger.
bool is_faint(const Finding& finding) {
  constexpr std::uint32_t kFew = 8;
  return finding.subject.type == Type::kNodePair || finding.failing < kFew ||
         4 * finding.failing < finding.observed;
}

}  // namespace

Group group_of(const Finding& finding) {
  switch (finding.kind) {
    case Kind::kNodeDown:
    case Kind::kAgentDown:
    case Kind::kPodNetwork:
    case Kind::kHostLink:
    case Kind::kReachability:
    case Kind::kZonePartition:
      return Group::kReachability;
    case Kind::kTwinPath:
      return Group::kTwin;
    case Kind::kGateway:
      return Group::kGateway;
    case Kind::kDns:
      return Group::kNames;
    case Kind::kTarget:
      return Group::kTarget;
    case Kind::kMtuBlackHole:
    case Kind::kOverlayMtu:
      return Group::kFullPackets;
    case Kind::kFragmentsDropped:
      return Group::kFragments;
    case Kind::kPartialLoss:
      return Group::kLoss;
    case Kind::kLatency:
      return Group::kLatency;
    case Kind::kZoneDegradation:
      return finding.loss > 0 ? Group::kLoss : Group::kLatency;
    case Kind::kServerUnreachable:
      return Group::kServer;
    case Kind::kAgentStarved:
      return Group::kStarved;
    case Kind::kClockJump:
    case Kind::kClockSkew:
      return Group::kClock;
    case Kind::kDuplicateAgent:
    case Kind::kAddressConflict:
      return Group::kIdentity;
    case Kind::kKubernetesApi:
      return Group::kKubernetes;
  }
  return Group::kReachability;
}

// A node and its agents are one, but for what is said of an agent alone.
std::string key_of(const NamedFinding& named) {
  const Group group = group_of(named.finding);
  const bool alone =
      group == Group::kStarved || group == Group::kClock || group == Group::kIdentity;
  const NamedEnd& end = named.ends[0];
  const bool of_node = !alone && named.finding.subject.type == Type::kAgent && !end.node.empty();
  const Type type = of_node ? Type::kNode : named.finding.subject.type;
  std::string key(1, static_cast<char>('a' + static_cast<int>(group)));
  key += text(type);
  key += ' ' + (of_node ? end.node : end.name);
  if (!named.ends[1].name.empty()) key += ' ' + named.ends[1].name;
  return key;
}

// What is cut off has no other faults that could be seen, and a closed port none between agents.
bool explains(const NamedFinding& wide, const NamedFinding& narrow) {
  const Group group = group_of(wide.finding);
  // Nothing of the mesh explains these.
  const Group of_narrow = group_of(narrow.finding);
  if (of_narrow == Group::kKubernetes || of_narrow == Group::kIdentity) return false;
  if (is_port_closed(wide.finding) && !is_between_agents(of_narrow)) return false;
  const bool unseen = group == Group::kServer && narrow.finding.observed == 0;
  // Fragments are as large as what does not pass whole, but in the networks where that does.
  const bool too_large =
      group == Group::kFullPackets && is_of_sizes(narrow) &&
      (wide.finding.scope == Scope::kBoth || wide.finding.scope == narrow.finding.scope);
  if (group != Group::kReachability && group != group_of(narrow.finding) && !unseen && !too_large) {
    return false;
  }
  if (wide.finding.scope == Scope::kPod && narrow.finding.scope == Scope::kHost) return false;
  return contains(wide, narrow);
}

// Where packets get lost, a few in a row are soon lost on single paths.
constexpr std::chrono::seconds kChance{60};
bool may_be_loss(const NamedFinding& wide, const NamedFinding& narrow, Clock::time_point now) {
  const Group group = group_of(narrow.finding);
  const bool single = group == Group::kGateway || group == Group::kNames ||
                      group == Group::kTarget || group == Group::kTwin ||
                      narrow.finding.subject.type == Type::kNodePair;
  return group_of(wide.finding) == Group::kLoss && single && contains(wide, narrow) &&
         now - narrow.finding.since < kChance;
}

// While something is cut off, its remaining paths do lose packets; and a node that half recovers
// has not reached its gateway and its names again yet.
bool always_hides(const NamedFinding& wide, const NamedFinding& narrow) {
  // Each path finds its sizes by itself, and a node's come back one after the other.
  if (is_of_sizes(wide)) return is_of_sizes(narrow);  // Those that it explains.
  // Which pairs lose the most is chance. A diagnosis tells none within, but with new peers it may
  // find the pairs of before alone, and the rest by what was lost just now.
  if (group_of(wide.finding) == Group::kLoss) return narrow.finding.subject.type == Type::kNodePair;
  if (group_of(wide.finding) != Group::kReachability || is_port_closed(wide.finding)) return false;
  const Group group = group_of(narrow.finding);
  const bool elsewhere =
      group == Group::kGateway || group == Group::kNames || group == Group::kTarget;
  const bool of_node =
      wide.finding.subject.type == Type::kNode || wide.finding.subject.type == Type::kAgent;
  return group == Group::kLoss || group == Group::kLatency || (elsewhere && of_node);
}

bool is_vaguer(const NamedFinding& shown, std::uint32_t observed_most, const NamedFinding& named) {
  const Finding& finding = named.finding;
  // Which paths lose some at the moment is chance, and so is which of them find first that large
  // packets pass again.
  const Group group = group_of(finding);
  if (group == Group::kLoss || group == Group::kFullPackets || group == Group::kFragments) {
    return finding.past || (shown.finding.scope == Scope::kBoth && finding.scope != Scope::kBoth);
  }
  if (shown.finding.subject.type != finding.subject.type ||
      group_of(shown.finding) != Group::kReachability) {
    return false;
  }
  if (shown.finding.kind == finding.kind && finding.partial && !shown.finding.partial) return true;
  if (finding.silent) return false;
  if (shown.finding.kind != finding.kind && finding.failing < finding.observed) return true;
  // With new peers, less is known for a while.
  if (shown.finding.way == Way::kBoth && 2 * finding.observed < observed_most) return true;
  return shown.finding.scope == finding.scope && finding.way == Way::kUnknown &&
         shown.finding.way != Way::kUnknown && !shown.finding.silent;
}

bool is_seen(const View& view, const NamedFinding& named) {
  const Finding& finding = named.finding;
  if (finding.subject.type != Type::kNode && finding.subject.type != Type::kAgent) return true;
  const auto node = std::find_if(view.nodes.begin(), view.nodes.end(), [&](const Node& known) {
    return known.name == named.ends[0].node;
  });
  if (node == view.nodes.end()) return true;
  const auto index = static_cast<Index>(node - view.nodes.begin());
  return std::any_of(view.paths.begin(), view.paths.end(), [&](const Path& path) {
    if (path.relation != Relation::kPeer) return false;
    const Agent& from = view.agents[path.from];
    if (from.node != index && view.agents[path.to].node != index) return false;
    const bool host = from.layer == Layer::kHost;
    if (finding.scope != Scope::kBoth && host != (finding.scope == Scope::kHost)) return false;
    return path.state == PathState::kUp || path.state == PathState::kDegraded;
  });
}

bool same_claim(const NamedFinding& a, const NamedFinding& b) {
  const bool same_way = a.finding.way == b.finding.way || b.finding.way == Way::kUnknown;
  return a.finding.kind == b.finding.kind && a.finding.scope == b.finding.scope && same_way &&
         a.finding.family == b.finding.family && a.finding.severity == b.finding.severity &&
         a.finding.partial == b.finding.partial &&
         is_port_closed(a.finding) == is_port_closed(b.finding) &&
         a.finding.size == b.finding.size && a.ends[0].name == b.ends[0].name;
}

bool is_plain(const Finding& finding) {
  const Type type = finding.subject.type;
  if (finding.partial || type == Type::kNodePair || type == Type::kAgent) return false;
  const Group group = group_of(finding);
  if (group != Group::kReachability) return false;
  // Of pods alone it may be what is known first of the whole node.
  if (type == Type::kNode && finding.scope != Scope::kBoth) return false;
  if (finding.way == Way::kUnknown && !finding.silent) return false;
  constexpr std::uint32_t kObservedMin = 16;
  return finding.observed >= kObservedMin && 10 * finding.failing >= 9 * finding.observed;
}

bool narrows(const NamedFinding& shown, const NamedFinding& named) {
  return shown.finding.subject.type < named.finding.subject.type ||
         (shown.finding.scope == Scope::kBoth && named.finding.scope != Scope::kBoth);
}

Clock::duration open_hold(const Finding& finding) {
  switch (group_of(finding)) {
    case Group::kReachability:
      if (finding.partial) return hold::kInPart;
      if (finding.subject.type == Type::kNodePair) {
        return finding.failing == 1 ? hold::kSinglePath : hold::kPlain;
      }
      if (finding.kind == Kind::kAgentDown) {
        return finding.observed == 0 ? hold::kAgentSilent : hold::kAgentDown;
      }
      return hold::kPlain;
    case Group::kGateway:
      return finding.subject.type == Type::kNode ? hold::kGatewayOfNode : hold::kPlain;
    case Group::kServer:
      if (finding.subject.type == Type::kAgent) return hold::kServerOfAgent;
      return finding.subject.type == Type::kNode ? hold::kServerOfNode : hold::kServer;
    case Group::kFullPackets:
      return hold::kFullPackets;
    case Group::kFragments:
      return hold::kFragments;
    case Group::kLoss:
      return is_faint(finding) || finding.scope != Scope::kBoth ? hold::kFaintLoss : hold::kPlain;
    case Group::kLatency:
      return hold::kLatency;
    default:
      return hold::kPlain;
  }
}

}  // namespace meshcheck::verdict
