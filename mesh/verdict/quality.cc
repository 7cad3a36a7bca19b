// What is up and not well: loss and latency between agents.
#include <algorithm>
#include <array>

#include "mesh/verdict/cover.h"
#include "mesh/verdict/signals.h"

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

// A path that loses a twentieth of its probes is degraded only after a minute, and most are not at
// the same time; by chance hardly any is. So a smaller share convicts than of what is down.
constexpr double kLossyShare = 0.15;
constexpr double kLossyAllShare = 0.8;
constexpr std::uint32_t kLossyWitnessesMin = 4;
// Of paths that were restarted or cut off of late, few are no evidence.
constexpr std::uint32_t kUnsureMin = 8;
// Of one direction, to be called lossy.
constexpr double kLossOfWayMin = 0.02;
// A pair has few paths, and chance makes three losses in a minute of one of them: 1 % of all do
// not lose eight in a year.
constexpr std::uint32_t kPairLostMin = 8;
constexpr double kPairLossMin = 0.08;
// Of a pair, one node's packets to and from all others are lost as often, at least half as often;
// the other one's are not, or far less.
constexpr std::size_t kFewNodes = 5;
constexpr double kOwnLossShare = 0.5;
constexpr double kOtherLossShare = 0.25;
constexpr std::uint32_t kOwnLostMin = 3;
// Until then it may be the beginning of a node's or a zone's loss.
constexpr std::chrono::seconds kPairSettle{15};

// Of a minute's losses that go on, a twelfth is of the last five seconds.
constexpr std::uint64_t kPastShare = 20;

// What agents say of losses is of the last minute, and a little older when it is read.
constexpr std::chrono::seconds kLookBack{70};

constexpr double kSlowShare = 0.6;
constexpr double kSlowAllShare = 0.8;
// Both: a factor on the usual time, and more than what a busy kernel adds.
constexpr double kSlowMedianFactor = 1.5;
constexpr double kSlowTailFactor = 2;
constexpr std::uint32_t kSlowMedianUs = 500;
constexpr std::uint32_t kSlowTailUs = 1000;
constexpr double kNewFactor = 2.5;
constexpr std::uint32_t kNewMoreUs = 1000;
constexpr std::uint16_t kNewProbesMin = 5;

Finding warning_of(const Evidence& evidence, const Cover& cover, const Explanation& found) {
  Finding finding = finding_of(evidence, found, Severity::kWarning);
  for (const std::uint32_t member : found.members) {
    if (finding.evidence_count == Finding::kEvidenceMax) break;
    finding.add_evidence(cover.bad()[member].path);
  }
  return finding;
}

bool is_zone(const Subject& subject) {
  return subject.type == Type::kZone || subject.type == Type::kZonePair;
}

// Whether what is said of the subject includes this already.
bool is_explained(const Evidence& evidence, const Subject& subject) {
  if (subject.type == Type::kNode) return evidence.explained[subject.first] != 0;
  if (subject.type != Type::kNodePair) return false;
  return evidence.explained[subject.first] != 0 || evidence.explained[subject.second] != 0;
}

struct Losses {
  bool forward = false;
  bool backward = false;
};

// Which ways a path loses packets. Where most losses have no direction, it may be either.
Losses losses_of(const Path& path) {
  if (path.state == PathState::kUp) return {};
  const std::uint32_t known = path.lost_forward + std::uint32_t{path.lost_backward};
  if (2 * known < path.lost) return {.forward = true, .backward = true};
  const double min = std::max(2.0, kLossOfWayMin * path.sent);
  return {.forward = path.lost_forward >= min, .backward = path.lost_backward >= min};
}

}  // namespace

namespace {

class Loss {
 public:
  Loss(const Evidence& evidence, Findings& findings)
      : evidence_(evidence), view_(evidence.view), findings_(findings) {}

  // Paths that were down of late are left out at first: agents say of a minute how much was lost,
  // and most of it may be of then. Where nearly all paths are like that, it is loss after all.
  void find() {
    const bool any = std::any_of(view_.paths.begin(), view_.paths.end(), [](const Path& path) {
      return path.state == PathState::kDegraded || path.trickles;
    });
    if (!any) return;
    Cover steady(view_, evidence_.suspects, rules(kLossyShare));
    bool recovering = false;
    for (Index at = 0; at < view_.paths.size(); ++at) {
      if (!is_known(view_.paths[at])) continue;
      const bool unsure = is_unsure(view_.paths[at]);
      recovering = recovering || unsure;
      if (!unsure) add(at, steady);
    }
    const std::vector<Explanation> found_first = steady.explain();
    for (const Explanation& found : found_first) {
      if (found.subject.type == Type::kNodePair) continue;
      if (!evidence_.is_shaken(found.subject, found.scope)) tell(found, steady);
    }
    if (recovering) find_unsure();
    for (const Explanation& found : found_first) {
      if (found.subject.type == Type::kNodePair) tell(found, steady);
    }
  }

 private:
  void find_unsure() {
    Cover all(view_, evidence_.suspects, rules(kLossyAllShare));
    for (Index at = 0; at < view_.paths.size(); ++at) {
      const Path& path = view_.paths[at];
      // One that is up again begins to count anew, and looks fine for a while.
      const bool anew = path.recovering && path.state == PathState::kUp;
      if (is_known(path) && !anew) add(at, all);
    }
    for (const Explanation& found : all.explain()) {
      const bool enough = found.failing >= kUnsureMin;
      if (enough && found.subject.type != Type::kNodePair) tell(found, all);
    }
  }

  // Losses may be of an outage, or of the time in which the peer was restarted.
  bool is_unsure(const Path& path) const {
    return path.recovering || path.trickles ||
           view_.now - view_.agents[path.to].started <= kLookBack;
  }

  static Cover::Rules rules(double share) {
    return {.directed = true,
            .node_share = share,
            .zone_share = share,
            .all_share = kLossyAllShare,
            .witnesses_min = kLossyWitnessesMin,
            .partial_pairs_min = ~0U};
  }

  bool is_known(const Path& path) const {
    if (path.relation != Relation::kPeer || !evidence_.counts(path)) return false;
    return path.state != PathState::kDown || path.trickles;
  }

  void add(Index at, Cover& cover) const {
    const Losses losses = losses_of(view_.paths[at]);
    Observation seen = observe(evidence_, at);
    for (const bool lost : {losses.forward, losses.backward}) {
      if (lost) cover.add_bad(seen);
      if (!lost) cover.add_good(seen);
      std::swap(seen.tail, seen.head);
    }
  }

  void tell(const Explanation& found, const Cover& cover) {
    if (is_explained(evidence_, found.subject) || is_told(found.subject)) return;
    std::uint64_t lost = 0;
    std::uint64_t lost_other_way = 0;
    std::uint64_t sent = 0;
    std::uint64_t of_minute = 0;
    std::uint64_t lately = 0;
    for (const std::uint32_t member : found.members) {
      const Observation& seen = cover.bad()[member];
      const Path& path = view_.paths[seen.path];
      const bool forward = evidence_.node_of(path.from) == seen.tail;
      const bool known = path.lost_forward + path.lost_backward > 0;
      sent += path.sent;
      of_minute += path.lost;
      lately += path.lost_lately;
      lost += !known ? path.lost : forward ? path.lost_forward : path.lost_backward;
      lost_other_way += forward ? path.lost_backward : path.lost_forward;
    }
    Finding finding = warning_of(evidence_, cover, found);
    // At first too few are lost on each path for both ways to be told apart.
    if (finding.way != Way::kUnknown && kOtherWayMin * lost_other_way > lost) {
      finding.way = Way::kBoth;
    }
    finding.past = kPastShare * lately < of_minute;
    finding.loss = sent == 0 ? 0 : static_cast<float>(lost) / static_cast<float>(sent);
    const Index end =
        found.subject.type == Type::kNodePair ? lossy_end(found.subject, finding.loss) : kNoIndex;
    if (end != kNoIndex) {
      finding.way = way_at(end, found, cover);
      finding.subject = {.type = Type::kNode, .first = end};
      if (is_told(finding.subject) || evidence_.is_shaken(finding.subject, finding.scope)) return;
    } else if (found.subject.type == Type::kNodePair &&
               (lost < kPairLostMin || finding.loss < kPairLossMin ||
                !evidence_.is_settled(found.subject, found.since, kPairSettle))) {
      return;
    }
    finding.kind = is_zone(found.subject) ? Kind::kZoneDegradation : Kind::kPartialLoss;
    findings_.push_back(finding);
    told_.push_back(finding.subject);
  }

  // Of a pair in a small cluster, where few paths convict a node, the one that loses as much to all
  // others. kNoIndex: neither, both, or the cluster is not small.
  Index lossy_end(const Subject& pair, double loss) const {
    if (view_.nodes.size() > kFewNodes) return kNoIndex;
    struct Others {
      std::uint32_t sent = 0;
      std::uint32_t lost = 0;
      double share() const { return sent == 0 ? 0 : static_cast<double>(lost) / sent; }
    };
    std::array<Others, 2> others;
    for (const Path& path : view_.paths) {
      if (path.state == PathState::kUnknown || path.recovering) continue;
      if (path.relation == Relation::kTwin) continue;
      const Index from = evidence_.node_of(path.from);
      const Index to = between_agents(path) ? evidence_.node_of(path.to) : kNoIndex;
      const bool first = from == pair.first || to == pair.first;
      const bool second = from == pair.second || to == pair.second;
      if (first == second) continue;
      others[second ? 1 : 0].sent += path.sent;
      others[second ? 1 : 0].lost += path.lost;
    }
    for (std::size_t end = 0; end < others.size(); ++end) {
      const Others& other = others[1 - end];
      if (others[end].lost >= kOwnLostMin && others[end].share() >= kOwnLossShare * loss &&
          other.sent > 0 && other.share() <= kOtherLossShare * loss) {
        return end == 0 ? pair.first : pair.second;
      }
    }
    return kNoIndex;
  }

  // As seen from the node, which is one of the two.
  static Way way_at(Index node, const Explanation& found, const Cover& cover) {
    bool out = false;
    bool in = false;
    for (const std::uint32_t member : found.members) {
      const bool from_it = cover.bad()[member].tail == node;
      (from_it ? out : in) = true;
    }
    if (out && in) return Way::kBoth;
    return out ? Way::kOut : Way::kIn;
  }

  bool is_told(const Subject& subject) const {
    return std::any_of(told_.begin(), told_.end(), [&](const Subject& other) {
      return other == subject || other.type == Type::kAll || holds(other, subject);
    });
  }

  // Whether a node or a pair of nodes is of that node, or lies between those zones.
  bool holds(const Subject& other, const Subject& narrow) const {
    const bool pair = narrow.type == Type::kNodePair;
    if (narrow.type != Type::kNode && !pair) return false;
    if (other.type == Type::kNode) {
      return other.first == narrow.first || (pair && other.first == narrow.second);
    }
    const auto in = [&](Index node) {
      const Index zone = view_.nodes[node].zone;
      return zone == other.first || zone == other.second;
    };
    return is_zone(other) && in(narrow.first) && (!pair || in(narrow.second));
  }

  const Evidence& evidence_;
  const View& view_;
  Findings& findings_;
  std::vector<Subject> told_;
};

}  // namespace

void find_loss(const Evidence& evidence, Findings& findings) {
  Loss(evidence, findings).find();
}

namespace {

bool is_slow(const Path& path) {
  const auto over = [](std::uint32_t now, std::uint32_t usual, double factor, std::uint32_t more) {
    return now != Path::kNoTime && usual != Path::kNoTime && now > factor * usual &&
           now > usual + more;
  };
  return over(path.p50_us, path.usual_p50_us, kSlowMedianFactor, kSlowMedianUs) ||
         over(path.p90_us, path.usual_p90_us, kSlowTailFactor, kSlowTailUs);
}

// Of a path that is new: pairs of nodes differ, so more is asked for than of one that is known.
bool is_slow_for(const Path& path, std::uint32_t typical_us) {
  return path.sent >= kNewProbesMin && path.p50_us != Path::kNoTime &&
         typical_us != Path::kNoTime && path.p50_us > kNewFactor * typical_us &&
         path.p50_us > typical_us + kNewMoreUs;
}

}  // namespace

void find_latency(const Evidence& evidence, Findings& findings) {
  const View& view = evidence.view;
  const auto typical = [&](const Path& path) {
    const std::size_t place = view.place_between(path);
    return place < view.usual_between_us.size() ? view.usual_between_us[place] : Path::kNoTime;
  };
  const auto slow = [&](const Path& path) {
    return path.usual_p50_us == Path::kNoTime ? is_slow_for(path, typical(path)) : is_slow(path);
  };
  const bool any = std::any_of(view.paths.begin(), view.paths.end(), [&](const Path& path) {
    return path.relation == Relation::kPeer && slow(path);
  });
  if (!any) return;
  Cover cover(view, evidence.suspects,
              {.node_share = kSlowShare, .zone_share = kSlowShare, .all_share = kSlowAllShare});
  for (Index at = 0; at < view.paths.size(); ++at) {
    const Path& path = view.paths[at];
    if (path.relation != Relation::kPeer || !evidence.counts(path)) continue;
    if (path.state == PathState::kDown) continue;
    const bool is_new = path.usual_p50_us == Path::kNoTime;
    if (is_new && (path.sent < kNewProbesMin || typical(path) == Path::kNoTime)) continue;
    Observation seen = observe(evidence, at);
    seen.since = view.now;  // Nobody noted when it began; the tracker keeps when it was found.
    if (slow(path)) {
      cover.add_bad(seen);
    } else {
      cover.add_good(seen);
    }
  }
  for (const Explanation& found : cover.explain()) {
    if (is_explained(evidence, found.subject)) continue;
    Finding finding = warning_of(evidence, cover, found);
    // Both directions are in a round trip.
    finding.way = Way::kUnknown;
    finding.kind = is_zone(found.subject) ? Kind::kZoneDegradation : Kind::kLatency;
    std::uint64_t now = 0;
    std::uint64_t used_to = 0;
    for (const std::uint32_t member : found.members) {
      const Path& path = view.paths[cover.bad()[member].path];
      const bool is_new = path.usual_p50_us == Path::kNoTime;
      now += is_new ? path.p50_us : path.p90_us;
      used_to += is_new ? typical(path) : path.usual_p90_us;
    }
    finding.round_trip_us = static_cast<std::uint32_t>(now / found.members.size());
    finding.usual_round_trip_us = static_cast<std::uint32_t>(used_to / found.members.size());
    // Another route between two nodes is no fault yet.
    if (found.subject.type == Type::kNodePair || found.partial) finding.severity = Severity::kInfo;
    findings.push_back(finding);
  }
}

}  // namespace meshcheck::verdict
