// Loss that has just begun: few packets on each path, and many on all that a subject touches.
#include <algorithm>

#include "mesh/verdict/cover.h"
#include "mesh/verdict/signals.h"

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

// A path that loses 0.1 % each way has lost something in the last ten seconds in one case of 60.
constexpr double kChanceMin = 0.015;
constexpr double kShare = 0.12;
constexpr double kAllShare = 0.6;  // A node and a pair of zones together touch many.
constexpr std::uint32_t kWitnessesMin = 4;
// So that most of the time nothing has to be counted.
constexpr std::uint32_t kNodeMin = 8;
constexpr std::uint32_t kZonesMin = 12;
// Round trips are lost on the paths by which a node probes and on those by which it is probed;
// who merely does not answer for a while loses only the latter.
constexpr double kFromMin = 0.2;
// A node whose losses are nearly all with one other zone may be the first that is known of there.
constexpr double kOneZoneMax = 0.8;
constexpr double kOneZoneKnownMax = 0.65;
constexpr std::uint64_t kWayMin = 5;
constexpr std::chrono::seconds kLately{10};
// Who was restarted so lately did not answer for a while.
constexpr std::chrono::seconds kRestarted{70};

class NewLoss {
 public:
  NewLoss(const Evidence& evidence, Findings& findings)
      : evidence_(evidence), view_(evidence.view), findings_(findings) {}

  void find() {
    if (!is_worth_it()) return;
    Cover cover(view_, evidence_.suspects,
                {.node_share = kShare,
                 .zone_share = kShare,
                 .all_share = kAllShare,
                 .witnesses_min = kWitnessesMin,
                 .chance = chance_,
                 .partial_pairs_min = ~0U,
                 .pairs_max = 0});
    for (Index at = 0; at < view_.paths.size(); ++at) {
      if (!is_known(view_.paths[at])) continue;
      if (is_lossy(view_.paths[at])) {
        cover.add_bad(observe(evidence_, at));
      } else {
        cover.add_good(observe(evidence_, at));
      }
    }
    for (const Explanation& found : cover.explain()) tell(found, cover);
  }

 private:
  // While the last probe of a path has no answer, its losses may be an outage that begins.
  bool is_known(const Path& path) const {
    if (path.relation != Relation::kPeer || !evidence_.counts(path)) return false;
    if (path.trickles) return true;
    if (path.state == PathState::kDown || path.recovering) return false;
    const Agent& to = view_.agents[path.to];
    if (to.status == Agent::Status::kStarved || view_.now - to.started <= kRestarted) return false;
    return path.lost_lately == 0 || has_answered(path);
  }

  static bool is_lossy(const Path& path) { return path.lost_lately > 0 || path.trickles; }

  bool has_answered(const Path& path) const {
    return std::chrono::milliseconds(path.answer_age_ms) < 2 * view_.probe_interval;
  }

  // Whether any node or pair of zones has lost more than chance makes; and what that is, judged by
  // the better nodes: of three zones, two may lose packets between each other.
  bool is_worth_it() {
    std::vector<std::uint32_t> lossy(view_.nodes.size());
    const std::size_t zones = evidence_.zone_count;
    std::vector<std::uint32_t> between(zones * zones);
    for (const Path& path : view_.paths) {
      if (!is_lossy(path) || !is_known(path)) continue;
      const Index tail = evidence_.node_of(path.from);
      const Index head = evidence_.node_of(path.to);
      ++lossy[tail];
      ++lossy[head];
      const Index tail_zone = view_.nodes[tail].zone;
      const Index head_zone = view_.nodes[head].zone;
      if (zones == 0 || tail_zone == kNoIndex || head_zone == kNoIndex) continue;
      ++between[tail_zone * zones + head_zone];
      ++between[head_zone * zones + tail_zone];
    }
    bool any = false;
    std::vector<double> shares(lossy.size());
    for (Index node = 0; node < lossy.size(); ++node) {
      const std::uint32_t known = evidence_.known_of_node[node];
      shares[node] = known == 0 ? 0 : static_cast<double>(lossy[node]) / known;
      any = any || (lossy[node] >= kNodeMin && shares[node] >= kShare / 2);
    }
    for (std::size_t pair = 0; pair < between.size(); ++pair) {
      any = any ||
            (between[pair] >= kZonesMin && between[pair] >= kShare * evidence_.known_between[pair]);
    }
    if (!any) return false;
    const auto quarter = shares.begin() + static_cast<std::ptrdiff_t>(shares.size() / 4);
    std::nth_element(shares.begin(), quarter, shares.end());
    chance_ = std::max(kChanceMin, *quarter);
    return true;
  }

  void tell(const Explanation& found, const Cover& cover) {
    const Subject& subject = found.subject;
    if (is_told(subject) || evidence_.is_shaken(subject, found.scope)) return;
    if (subject.type == Type::kNode && !is_of_node(found, cover)) return;
    Finding finding = finding_of(evidence_, found, Severity::kWarning);
    finding.kind = subject.type == Type::kZone || subject.type == Type::kZonePair
                       ? Kind::kZoneDegradation
                       : Kind::kPartialLoss;
    finding.since = view_.now - kLately;
    std::uint64_t out = 0;
    std::uint64_t in = 0;
    std::uint64_t lost = 0;
    for (const std::uint32_t member : found.members) {
      const Observation& seen = cover.bad()[member];
      const Path& path = view_.paths[seen.path];
      finding.add_evidence(seen.path);
      const bool from_inside = is_inside(subject, seen.tail);
      out += from_inside ? path.lost_forward : path.lost_backward;
      in += from_inside ? path.lost_backward : path.lost_forward;
      lost += path.lost_lately;
    }
    finding.way = way_of(out, in);
    const double probes = std::chrono::duration<double>(kLately) / view_.probe_interval;
    finding.loss = static_cast<float>(static_cast<double>(lost) / (found.observed * probes));
    findings_.push_back(finding);
  }

  // Also what is cut off, and whose zone loses packets.
  bool is_told(const Subject& subject) const {
    if (subject.type == Type::kNode && evidence_.explained[subject.first] != 0) return true;
    return std::any_of(findings_.begin(), findings_.end(), [&](const Finding& other) {
      const bool zones = other.kind == Kind::kZoneDegradation && other.loss > 0;
      if (!zones && other.kind != Kind::kPartialLoss) return false;
      if (other.subject == subject || other.subject.type == Type::kAll) return true;
      if (!zones || subject.type != Type::kNode) return false;
      const Index zone = view_.nodes[subject.first].zone;
      return zone == other.subject.first || zone == other.subject.second;
    });
  }

  bool is_inside(const Subject& subject, Index node) const {
    return subject.type == Type::kNode ? node == subject.first
                                       : view_.nodes[node].zone == subject.first;
  }

  static Way way_of(std::uint64_t out, std::uint64_t in) {
    if (out + in < kWayMin) return Way::kUnknown;
    if (kOtherWayMin * out > in && kOtherWayMin * in > out) return Way::kBoth;
    return out > in ? Way::kOut : Way::kIn;
  }

  bool is_of_node(const Explanation& found, const Cover& cover) const {
    const Index node = found.subject.first;
    std::uint32_t from = 0;
    std::vector<std::uint32_t> zones(evidence_.zone_count);
    for (const std::uint32_t member : found.members) {
      const Observation& seen = cover.bad()[member];
      const bool out = seen.tail == node;
      from += out ? 1U : 0U;
      const Index zone = view_.nodes[out ? seen.head : seen.tail].zone;
      if (zone < zones.size()) ++zones[zone];
    }
    const auto all = static_cast<double>(found.members.size());
    if (from < kFromMin * all || from > (1 - kFromMin) * all) return false;
    const Index own = view_.nodes[node].zone;
    if (own == kNoIndex || zones.empty()) return true;
    const auto most = std::max_element(zones.begin(), zones.end());
    const auto zone = static_cast<Index>(most - zones.begin());
    return zone == own || *most <= kOneZoneMax * all || is_mostly_with(node, zone);
  }

  // Whether most that the node probes is there anyhow.
  bool is_mostly_with(Index node, Index zone) const {
    std::uint32_t all = 0;
    std::uint32_t there = 0;
    for (const Path& path : view_.paths) {
      if (path.relation != Relation::kPeer || evidence_.node_of(path.from) != node) continue;
      const Index head = evidence_.node_of(path.to);
      ++all;
      there += head != kNoIndex && view_.nodes[head].zone == zone ? 1U : 0U;
    }
    return there >= kOneZoneKnownMax * all;
  }

  const Evidence& evidence_;
  const View& view_;
  Findings& findings_;
  double chance_ = kChanceMin;
};

}  // namespace

void find_new_loss(const Evidence& evidence, Findings& findings) {
  NewLoss(evidence, findings).find();
}

}  // namespace meshcheck::verdict
