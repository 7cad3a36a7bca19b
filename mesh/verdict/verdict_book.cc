#include "mesh/verdict/verdict_book.h"

#include <algorithm>
#include <array>
#include <utility>

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

// Kinds between which a fault may change while more becomes known.
enum class Group : std::uint8_t {
  kReachability,
  kTwin,
  kGateway,
  kNames,
  kTarget,
  kFullPackets,
  kFragments,
  kLoss,
  kLatency,
  kServer,
  kStarved,
  kClock,
  kKubernetes,
};

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
      return Group::kClock;
    case Kind::kKubernetesApi:
      return Group::kKubernetes;
  }
  return Group::kReachability;
}

// A node and its agents are one, but for what is said of an agent alone.
std::string key_of(const NamedFinding& named) {
  const Group group = group_of(named.finding);
  const bool alone = group == Group::kStarved || group == Group::kClock;
  const NamedEnd& end = named.ends[0];
  const bool of_node = !alone && named.finding.subject.type == Type::kAgent && !end.node.empty();
  const Type type = of_node ? Type::kNode : named.finding.subject.type;
  std::string key(1, static_cast<char>('a' + static_cast<int>(group)));
  key += text(type);
  key += ' ' + (of_node ? end.node : end.name);
  if (!named.ends[1].name.empty()) key += ' ' + named.ends[1].name;
  return key;
}

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

// What is cut off has no other faults that could be seen.
bool explains(const NamedFinding& wide, const NamedFinding& narrow) {
  const Group group = group_of(wide.finding);
  // Nothing of the mesh explains it.
  if (group_of(narrow.finding) == Group::kKubernetes) return false;
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

// While something is cut off, what is left of it does lose packets; and a node that half recovers
// has not reached its gateway and its names again yet.
bool always_hides(const NamedFinding& wide, const NamedFinding& narrow) {
  // Each path finds its sizes by itself, and a node's come back one after the other.
  if (is_of_sizes(wide)) return is_of_sizes(narrow);  // Those that it explains.
  // Which pairs lose the most is chance. A diagnosis tells none within, but with new peers it may
  // find the pairs of before alone, and the rest by what was lost just now.
  if (group_of(wide.finding) == Group::kLoss) return narrow.finding.subject.type == Type::kNodePair;
  if (group_of(wide.finding) != Group::kReachability) return false;
  const Group group = group_of(narrow.finding);
  const bool elsewhere =
      group == Group::kGateway || group == Group::kNames || group == Group::kTarget;
  const bool of_node =
      wide.finding.subject.type == Type::kNode || wide.finding.subject.type == Type::kAgent;
  return group == Group::kLoss || group == Group::kLatency || (elsewhere && of_node);
}

// Whether the same subject is merely told less precisely, or is only half recovered: that is no
// news.
bool is_vaguer(const Verdict& verdict, const NamedFinding& named) {
  const NamedFinding& shown = verdict.named;
  const Finding& finding = named.finding;
  // Which paths lose some at the moment is chance, and so is which of them find first that large
  // packets pass again.
  const Group group = group_of(finding);
  if (group == Group::kLoss || group == Group::kFullPackets || group == Group::kFragments) {
    return shown.finding.scope == Scope::kBoth && finding.scope != Scope::kBoth;
  }
  if (shown.finding.subject.type != finding.subject.type ||
      group_of(shown.finding) != Group::kReachability) {
    return false;
  }
  if (shown.finding.kind == finding.kind && finding.partial && !shown.finding.partial) return true;
  if (finding.silent) return false;
  if (shown.finding.kind != finding.kind && finding.failing < finding.observed) return true;
  // With new peers, less is known for a while.
  if (shown.finding.way == Way::kBoth && 2 * finding.observed < verdict.observed_most) return true;
  return shown.finding.scope == finding.scope && finding.way == Way::kUnknown &&
         shown.finding.way != Way::kUnknown && !shown.finding.silent;
}

// Whether anything of the node, in the layers of the fault, works; also if there is no such node
// any more. Of other subjects it is not asked.
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

// What a reader would call another verdict; numbers change all the time.
bool same_claim(const NamedFinding& a, const NamedFinding& b) {
  const bool same_way = a.finding.way == b.finding.way || b.finding.way == Way::kUnknown;
  return a.finding.kind == b.finding.kind && a.finding.scope == b.finding.scope && same_way &&
         a.finding.family == b.finding.family && a.finding.severity == b.finding.severity &&
         a.finding.partial == b.finding.partial && a.finding.size == b.finding.size &&
         a.ends[0].name == b.ends[0].name;
}

// Whether so much fails so completely that another look would say the same.
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

// Whether the loss may still turn out to be a part of something larger.
bool is_faint(const Finding& finding) {
  constexpr std::uint32_t kFew = 8;
  return finding.subject.type == Type::kNodePair || finding.failing < kFew ||
         4 * finding.failing < finding.observed;
}

// A node whose agents or networks come back one after the other has no lesser fault in between.
constexpr int kNarrowing = 5;
bool narrows(const NamedFinding& shown, const NamedFinding& named) {
  return shown.finding.subject.type < named.finding.subject.type ||
         (shown.finding.scope == Scope::kBoth && named.finding.scope != Scope::kBoth);
}

constexpr std::array<std::string_view, 3> kEventTypes = {"opened", "changed", "closed"};

}  // namespace

std::string_view text(VerdictEvent::Type type) {
  return kEventTypes[static_cast<std::size_t>(type)];
}

// The narrower, the more likely it is chance or the beginning of something larger.
Clock::duration VerdictBook::open_hold(const NamedFinding& named) const {
  const Finding& finding = named.finding;
  switch (group_of(finding)) {
    case Group::kReachability:
      if (finding.partial) return 8 * options_.open_hold;
      if (finding.subject.type == Type::kNodePair) {
        return (finding.failing == 1 ? 4 : 1) * options_.open_hold;
      }
      if (finding.kind == Kind::kAgentDown) {
        return (finding.observed == 0 ? 25 : 2) * options_.open_hold;
      }
      return options_.open_hold;
    case Group::kServer:
      if (finding.subject.type == Type::kAgent) return 8 * options_.open_hold;
      return (finding.subject.type == Type::kNode ? 4 : 2) * options_.open_hold;
    case Group::kFullPackets:
      // Each path finds its sizes by itself, so which fail first is chance.
      return 12 * options_.open_hold;
    case Group::kFragments:
      // Of a path that cannot carry full packets it is known first that it loses fragments.
      return 15 * options_.open_hold;
    case Group::kLoss:
      return (is_faint(finding) || finding.scope != Scope::kBoth ? 5 : 1) * options_.open_hold;
    case Group::kLatency:
      return 8 * options_.open_hold;
    default:
      return options_.open_hold;
  }
}

Clock::duration VerdictBook::close_hold(const Verdict& verdict) const {
  const std::uint32_t doublings = std::min(verdict.flaps, 8U);
  return std::min(options_.close_hold * (1U << doublings), options_.close_hold_max);
}

Verdict* VerdictBook::find_open(const std::string& key) {
  const auto same = std::find_if(open_.begin(), open_.end(), [&](const Verdict& verdict) {
    return key_of(verdict.named) == key;
  });
  return same == open_.end() ? nullptr : &*same;
}

std::vector<VerdictEvent> VerdictBook::update(std::vector<NamedFinding> found, const View& view) {
  const Clock::time_point now = view.now;
  std::vector<VerdictEvent> events;
  std::vector<NamedFinding> unknown;
  for (NamedFinding& named : found) {
    Verdict* const verdict = find_open(key_of(named));
    if (verdict != nullptr) {
      refresh(*verdict, std::move(named), now, events);
    } else {
      unknown.push_back(std::move(named));
    }
  }
  for (NamedFinding& named : unknown) consider(std::move(named), now, events);
  // What was not found this time begins anew.
  std::erase_if(candidates_, [now](const Candidate& old) { return old.last_seen != now; });
  wait_for_sight(view);
  close_what_is_gone(now, events);
  last_update_ = now;
  return events;
}

void VerdictBook::refresh(Verdict& verdict, NamedFinding named, Clock::time_point now,
                          std::vector<VerdictEvent>& events) {
  const bool missed = verdict.last_seen != last_update_;
  if (missed && now - verdict.last_seen > options_.close_hold / 3) ++verdict.flaps;
  verdict.last_seen = now;
  named.finding.since = std::min(named.finding.since, verdict.named.finding.since);
  verdict.observed_most = std::max(verdict.observed_most, named.finding.observed);
  if (is_vaguer(verdict, named)) {
    named.finding.kind = verdict.named.finding.kind;
    named.finding.scope = verdict.named.finding.scope;
    named.finding.way = verdict.named.finding.way;
    named.finding.silent = verdict.named.finding.silent;
    named.finding.partial = verdict.named.finding.partial;
    named.finding.severity = verdict.named.finding.severity;
  }
  const auto change = std::find_if(changes_.begin(), changes_.end(),
                                   [&](const Change& waiting) { return waiting.id == verdict.id; });
  if (same_claim(verdict.named, named)) {
    if (named.finding.way == Way::kUnknown) named.finding.way = verdict.named.finding.way;
    verdict.named = std::move(named);
    if (change != changes_.end()) changes_.erase(change);
    return;
  }
  // A way that was unknown so far contradicts nothing.
  const bool refines = verdict.named.finding.way == Way::kUnknown &&
                       verdict.named.finding.kind == named.finding.kind &&
                       verdict.named.finding.scope == named.finding.scope;
  if (!refines) {
    if (change == changes_.end() || !same_claim(change->named, named)) {
      if (change != changes_.end()) changes_.erase(change);
      changes_.push_back({.id = verdict.id, .named = std::move(named), .first_seen = now});
      return;
    }
    const Clock::duration hold =
        (narrows(verdict.named, named) ? kNarrowing : 1) * options_.change_hold;
    if (now - change->first_seen < hold) return;
  }
  if (change != changes_.end()) changes_.erase(change);
  verdict.named = std::move(named);
  events.push_back({.type = VerdictEvent::Type::kChanged, .verdict = verdict});
}

void VerdictBook::consider(NamedFinding named, Clock::time_point now,
                           std::vector<VerdictEvent>& events) {
  for (const Verdict& verdict : open_) {
    const bool fades = verdict.last_seen != now || always_hides(verdict.named, named);
    if (fades && explains(verdict.named, named)) return;
    if (may_be_loss(verdict.named, named, now)) return;
  }
  // What began in the time of a fault that explains it, and is over, lingers: an agent looks back a
  // minute, and targets are probed slowly. Sizes are searched for once more, and then begin anew.
  const Group group = group_of(named.finding);
  const bool searched = group == Group::kFullPackets || group == Group::kFragments;
  for (const Verdict& verdict : closed_) {
    if (now - *verdict.closed <= options_.linger && explains(verdict.named, named) &&
        (searched || named.finding.since <= verdict.last_seen + options_.close_hold)) {
      return;
    }
  }
  const std::string key = key_of(named);
  auto candidate = std::find_if(candidates_.begin(), candidates_.end(),
                                [&](const Candidate& waiting) { return waiting.key == key; });
  if (candidate == candidates_.end()) {
    if (candidates_.size() >= options_.candidates_max) {
      ++left_out_;
      return;
    }
    candidates_.push_back({.key = key, .named = named, .first_seen = now, .last_seen = now});
    candidate = candidates_.end() - 1;
  }
  if (candidate->named.finding.kind != named.finding.kind) {
    candidate->first_seen = now;
    candidate->evaluations = 0;
  }
  candidate->named = std::move(named);
  candidate->last_seen = now;
  ++candidate->evaluations;
  const bool stood = now - candidate->first_seen >= open_hold(candidate->named);
  if (!is_plain(candidate->named.finding) && (!stood || candidate->evaluations < 2)) return;
  Candidate ready = std::move(*candidate);
  candidates_.erase(candidate);
  open(std::move(ready), now, events);
}

void VerdictBook::open(Candidate candidate, Clock::time_point now,
                       std::vector<VerdictEvent>& events) {
  if (open_.size() >= options_.verdicts_max) {
    ++left_out_;
    return;
  }
  const auto before = std::find_if(closed_.begin(), closed_.end(), [&](const Verdict& verdict) {
    return now - *verdict.closed <= options_.reopen_within &&
           key_of(verdict.named) == candidate.key;
  });
  Verdict verdict{.id = next_id_, .opened = now};
  if (before != closed_.end()) {
    verdict = std::move(*before);
    closed_.erase(before);
    verdict.closed.reset();
    verdict.merged_into.reset();
    ++verdict.flaps;
  } else {
    ++next_id_;
  }
  verdict.named = std::move(candidate.named);
  verdict.observed_most = verdict.named.finding.observed;
  verdict.last_seen = now;
  const auto place = std::find_if(open_.begin(), open_.end(),
                                  [&](const Verdict& other) { return other.id > verdict.id; });
  events.push_back({.type = VerdictEvent::Type::kOpened, .verdict = verdict});
  open_.insert(place, std::move(verdict));
}

// That a node's fault is not found any more says nothing while no path to it is known to be up:
// with the next epoch's peers all is unknown for some seconds.
void VerdictBook::wait_for_sight(const View& view) {
  for (Verdict& verdict : open_) {
    if (group_of(verdict.named.finding) != Group::kReachability) continue;
    if (verdict.last_seen == view.now) {
      verdict.unseen_since = view.now;
      continue;
    }
    const bool waits = verdict.unseen_since &&
                       view.now - *verdict.unseen_since <= options_.unseen_max &&
                       !is_seen(view, verdict.named);
    if (!waits) verdict.unseen_since.reset();
    if (waits) verdict.last_seen = last_update_;
  }
}

void VerdictBook::close_what_is_gone(Clock::time_point now, std::vector<VerdictEvent>& events) {
  const auto is_over = [&](Verdict& verdict) {
    if (verdict.last_seen == now) return false;
    for (const Verdict& other : open_) {
      if (other.id == verdict.id || other.last_seen != now) continue;
      if (!explains(other.named, verdict.named)) continue;
      verdict.merged_into = other.id;
      return true;
    }
    return now - verdict.last_seen >= close_hold(verdict);
  };
  for (std::size_t at = 0; at < open_.size();) {
    Verdict& verdict = open_[at];
    if (!is_over(verdict)) {
      ++at;
      continue;
    }
    verdict.closed = now;
    std::erase_if(changes_, [&](const Change& change) { return change.id == verdict.id; });
    events.push_back({.type = VerdictEvent::Type::kClosed, .verdict = verdict});
    closed_.push_back(std::move(verdict));
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
    if (closed_.size() > options_.closed_max) closed_.erase(closed_.begin());
  }
}

}  // namespace meshcheck::verdict
