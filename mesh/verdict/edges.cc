// What is down that is not between nodes: twins, gateways, targets.
#include <algorithm>

#include "mesh/verdict/signals.h"

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

// What is a gateway's or a target's own fault is seen by most of those who use it.
constexpr double kGatewayShare = 0.75;
constexpr double kTargetShare = 0.5;
constexpr std::uint32_t kUsersMin = 3;
// So many nodes that lose theirs at once are hardly a coincidence.
constexpr std::ptrdiff_t kMany = 3;
// Before that, the fault of an edge may be the first sign of a larger one. A twin path fails with
// the rest of its agent, targets are probed more slowly.
constexpr int kSettleIntervals = 1;
constexpr int kEndSettleIntervals = 12;
constexpr std::ptrdiff_t kOthersMin = 2;
constexpr int kTargetSettleIntervals = 6;
// Three look-ups in a row that nobody answered to a node are no chance, whichever of its agents
// made them; so long as others get answers.
constexpr std::uint32_t kMissedMin = 3;
// Answers come within milliseconds. One that is so late has hardly ever come, though its agent
// gives it up only later.
constexpr std::chrono::milliseconds kOverdue{1500};
constexpr double kFewShare = 0.1;
// Where so many of the users on other nodes lose packets or did until a moment ago, a single one
// that fails has hardly a fault of its own.
constexpr double kShakyShare = 0.25;
constexpr std::uint32_t kShakyMin = 2;
constexpr std::chrono::seconds kShakyAfter{10};
constexpr int kShakyGatewayIntervals = 15;
constexpr int kShakyTargetIntervals = 60;
constexpr std::uint8_t kShakyLost = 2;  // Of the probes of a gateway in the last seconds.
// The probes of a gateway that show that it is reached no more than before, after others are.
constexpr int kGatewayNewsIntervals = 4;

struct Edge {
  std::uint32_t failing = 0;
  std::uint32_t observed = 0;
  CrossChecks cross_checks;                    // Of what fails.
  std::array<std::uint32_t, 2> observed_of{};  // By layer.
  bool pod = false;                            // Of what fails.
  bool host = false;
  bool ipv4 = false;
  bool ipv6 = false;
  Clock::time_point since = Clock::time_point::max();
  std::array<Index, Finding::kEvidenceMax> evidence{};

  void add(const Evidence& from, Index at) {
    const Path& path = from.view.paths[at];
    add(from, at, path.state == PathState::kDown, path.since);
  }
  void add(const Evidence& from, Index at, bool fails, Clock::time_point began) {
    const Path& path = from.view.paths[at];
    ++observed;
    ++observed_of[from.layer_of(path.from) == Layer::kHost ? 1 : 0];
    if (!fails) return;
    cross_checks.add(from.view, at);
    if (failing < evidence.size()) evidence[failing] = at;
    ++failing;
    (from.layer_of(path.from) == Layer::kHost ? host : pod) = true;
    (path.family == PathFamily::kIpv6 ? ipv6 : ipv4) = true;
    since = std::min(since, began);
  }

  Finding finding(Kind kind, Subject subject) const {
    Finding finding{.kind = kind,
                    .subject = subject,
                    .scope = pod && host ? Scope::kBoth
                             : host      ? Scope::kHost
                                         : Scope::kPod,
                    .severity = Severity::kCritical,
                    .failing = failing,
                    .observed = (pod ? observed_of[0] : 0) + (host ? observed_of[1] : 0),
                    .cross_checks = cross_checks,
                    .since = since};
    // A gateway that lives forwards as well, most likely: a filter, or a limit of its answers.
    const bool lives = kind == Kind::kGateway && cross_checks.answered == failing;
    if (lives) finding.severity = Severity::kWarning;
    for (std::size_t at = 0; at < std::min<std::size_t>(failing, evidence.size()); ++at) {
      finding.add_evidence(evidence[at]);
    }
    return finding;
  }
};

struct Users {  // Of a gateway or a target.
  std::uint32_t known = 0;
  std::uint32_t shaky = 0;

  void add(bool is_shaky) {
    ++known;
    shaky += is_shaky ? 1U : 0U;
  }
};

class Edges {
 public:
  Edges(const Evidence& evidence, Findings& findings)
      : evidence_(evidence), view_(evidence.view), findings_(findings) {}

  void find() {
    // They are few among all paths, and asked about several times.
    for (Index at = 0; at < view_.paths.size(); ++at) {
      if (view_.paths[at].relation != Relation::kPeer) edges_.push_back(at);
    }
    find_twins();
    find_shared(Relation::kGateway, view_.gateways.size());
    count_missed();
    find_shared(Relation::kTarget, view_.targets.size());
  }

 private:
  bool is_settled(Index node, const Edge& edge, int intervals) const {
    return evidence_.is_settled(node, edge.since, intervals * view_.probe_interval);
  }

  void find_twins() {
    std::vector<Edge> twins(view_.nodes.size());
    for (const Index at : edges_) {
      const Path& path = view_.paths[at];
      if (path.relation == Relation::kTwin && evidence_.counts(path) && !path.trickles) {
        twins[evidence_.node_of(path.from)].add(evidence_, at);
      }
    }
    for (Index node = 0; node < twins.size(); ++node) {
      const Edge& edge = twins[node];
      // Both ends say so at once only if both are alive.
      const bool both = edge.failing == edge.observed && edge.pod && edge.host;
      if (edge.failing == 0 || 2 * edge.failing < edge.observed) continue;
      if (evidence_.explained[node] != Evidence::kNothing) continue;
      if (!is_settled(node, edge, both ? 0 : 2 * kSettleIntervals)) continue;
      if (!both && tell_dead_end(node, edge)) continue;
      if (!both && is_end_silent(node, edge)) continue;
      Finding finding = edge.finding(Kind::kTwinPath, {.type = Type::kNode, .first = node});
      finding.scope = Scope::kBoth;
      // The twin's probes go to the same port.
      if (evidence_.port_closed[node] != 0 && pings_of(finding) != Pings::kLost) continue;
      findings_.push_back(finding);
    }
  }

  // Where no other node probes the agent that its twin does not reach, the twin is its witness.
  bool tell_dead_end(Index node, const Edge& edge) {
    const Index end = evidence_.agent_of[node][edge.pod ? 1 : 0];
    if (end == kNoIndex || !is_gone(view_.agents[end].status)) return false;
    Finding finding = edge.finding(Kind::kAgentDown, {.type = Type::kAgent, .first = end});
    finding.scope = edge.pod ? Scope::kHost : Scope::kPod;
    finding.severity = Severity::kWarning;
    findings_.push_back(finding);
    return true;
  }

  // Whether the end that nobody reaches has not reported since either, and may be dead.
  bool is_end_silent(Index node, const Edge& edge) const {
    const Index end = evidence_.agent_of[node][edge.pod ? 1 : 0];
    return end != kNoIndex && evidence_.silent_since(end, edge.since) &&
           !is_settled(node, edge, kEndSettleIntervals);
  }

  // How many probes of a target in a row were not answered, as far as its agent knew.
  std::uint32_t missed(const Path& path) const {
    if (path.state == PathState::kDown) return kMissedMin;
    Clock::duration age = std::chrono::milliseconds(path.answer_age_ms);
    // What was asked while nobody was reached says nothing of the target.
    if (const auto back = evidence_.back_since[path.from]) {
      age = std::min(age, view_.agents[path.from].reported - *back);
    }
    const Clock::duration late = std::min<Clock::duration>(kOverdue, view_.target_timeout);
    if (path.answer_age_ms == Path::kNoAge || age < late) return 0;
    return static_cast<std::uint32_t>((age - late) / view_.target_interval);
  }
  Clock::time_point last_answer(const Path& path) const {
    if (path.answer_age_ms == Path::kNoAge) return path.since;
    return view_.agents[path.from].reported - std::chrono::milliseconds(path.answer_age_ms);
  }

  // Targets are probed slowly, and long before three probes of one agent are lost, nearly all of
  // its users have lost one.
  void count_missed() {
    missing_.resize(view_.targets.size());
    missed_of_.resize(view_.nodes.size());
    for (const Index at : edges_) {
      const Path& path = view_.paths[at];
      if (path.relation != Relation::kTarget || !usable(path)) continue;
      const std::uint32_t count = missed(path);
      missing_[path.to].add(evidence_, at, count > 0, last_answer(path));
      Missed& of = missed_of_[evidence_.node_of(path.from)][path.kind == ProbeKind::kDns ? 1 : 0];
      of.sum += count;
      of.answered = of.answered || count == 0;
    }
  }

  // Gateways and targets have many users: it is theirs if most fail, else the users'.
  void find_shared(Relation relation, std::size_t count) {
    std::vector<Edge> shared(count);
    std::vector<bool> dns(count);
    bool any = false;
    for (const Index at : edges_) {
      const Path& path = view_.paths[at];
      if (path.relation != relation || !usable(path)) continue;
      shared[path.to].add(evidence_, at);
      dns[path.to] = path.kind == ProbeKind::kDns;
      any = any || path.state == PathState::kDown ||
            (relation == Relation::kTarget && missed(path) > 0);
    }
    if (!any) return;
    const bool gateways = relation == Relation::kGateway;
    // Who has not reported since it failed for others does not speak against it.
    std::vector<std::uint32_t> fresh(count);
    for (const Index at : edges_) {
      const Path& path = view_.paths[at];
      if (path.relation != relation || !usable(path) || path.state == PathState::kDown) continue;
      if (view_.agents[path.from].reported >= shared[path.to].since) ++fresh[path.to];
    }
    std::vector<bool> blamed(count);
    for (Index to = 0; to < count; ++to) {
      const bool early = !gateways && shared[to].failing < shared[to].observed;
      const Edge& edge = early ? missing_[to] : shared[to];
      if (edge.failing < kUsersMin) continue;
      const double share = gateways ? kGatewayShare : kTargetShare;
      const bool most = edge.failing >= share * edge.observed;
      const std::uint32_t news = edge.failing + fresh[to];
      const bool most_news =
          !early && edge.failing >= share * news && 3 * edge.failing >= edge.observed;
      if (!most && !most_news) continue;
      blamed[to] = true;
      const Type type = gateways ? Type::kGateway : Type::kTarget;
      findings_.push_back(edge.finding(kind_of(relation, dns[to]), {.type = type, .first = to}));
      // Who uses what in which network says nothing of the fault.
      findings_.back().scope = Scope::kBoth;
      findings_.back().partial = edge.failing < kGatewayShare * edge.observed;
      if (!gateways && !dns[to]) findings_.back().severity = Severity::kWarning;
    }
    find_users(relation, blamed, dns);
  }

  // The edges of a node or a zone that is cut off are no evidence of their own.
  bool usable(const Path& path) const {
    if (!evidence_.counts(path) || path.trickles) return false;
    const Index node = evidence_.node_of(path.from);
    const bool host = evidence_.layer_of(path.from) == Layer::kHost;
    const std::uint8_t explained = evidence_.explained[node];
    if ((explained & (host ? Evidence::kHosts : Evidence::kPods)) != 0) return false;
    if (path.state == PathState::kDown && !is_news(path)) return false;
    const Index zone = view_.nodes[node].zone;
    return path.relation == Relation::kGateway || zone == kNoIndex ||
           evidence_.explained_zones[zone] == 0;
  }

  // Whether the path was probed often enough since its agent's peers are reached again.
  bool is_news(const Path& path) const {
    const auto back = evidence_.back_since[path.from];
    if (!back) return true;
    const Clock::duration probed = path.relation == Relation::kGateway
                                       ? kGatewayNewsIntervals * view_.probe_interval
                                       : view_.target_interval + view_.target_timeout;
    return view_.agents[path.from].reported >= *back + probed;
  }

  // Whether its user fails, or did until a moment ago.
  bool is_shaky(const Path& path) const {
    const bool gateway = path.relation == Relation::kGateway;
    if (path.state != PathState::kUp || path.lost_lately >= (gateway ? kShakyLost : 1)) return true;
    return (path.recovering && view_.now - path.since < kShakyAfter) ||
           (!gateway && missed(path) > 0);
  }

  // Whether many of the users on other nodes fail as well.
  static bool is_shared(const Users& all, const Users& own) {
    const std::uint32_t shaky = all.shaky - std::min(all.shaky, own.shaky);
    const std::uint32_t known = all.known - std::min(all.known, own.known);
    return shaky >= kShakyMin && shaky >= kShakyShare * known;
  }

  // In intervals. Were it the fault of all, more would fail by then. Where packets get lost, three
  // of a target's few probes are soon lost in a row.
  int wait(bool gateways, std::ptrdiff_t failing, bool restless) const {
    if (gateways) return failing < kMany ? kSettleIntervals : 8 * kSettleIntervals;
    if (restless) return 10 * kTargetSettleIntervals;
    if (is_of_few()) return kSettleIntervals;
    return failing == 1 ? kTargetSettleIntervals : 2 * kTargetSettleIntervals;
  }

  // Whether most targets answer most of their users.
  bool is_of_few() const {
    return std::all_of(missing_.begin(), missing_.end(), [](const Edge& edge) {
      return edge.failing <= std::max<double>(kMany, kFewShare * edge.observed);
    });
  }

  static Kind kind_of(Relation relation, bool dns) {
    if (relation == Relation::kGateway) return Kind::kGateway;
    return dns ? Kind::kDns : Kind::kTarget;
  }

  void find_users(Relation relation, const std::vector<bool>& blamed,
                  const std::vector<bool>& dns) {
    const bool gateways = relation == Relation::kGateway;
    std::vector<std::array<Edge, 2>> users(view_.nodes.size());  // Others, and DNS.
    std::vector<Users> all(blamed.size());
    std::vector<std::array<Users, 2>> own(view_.nodes.size());
    for (const Index at : edges_) {
      const Path& path = view_.paths[at];
      if (path.relation != relation || !usable(path) || blamed[path.to]) continue;
      Edge& edge = users[evidence_.node_of(path.from)][dns[path.to] ? 1 : 0];
      all[path.to].add(is_shaky(path));
      own[evidence_.node_of(path.from)][dns[path.to] ? 1 : 0].add(is_shaky(path));
      if (gateways || path.state == PathState::kDown) {
        edge.add(evidence_, at);
      } else {
        const bool fails = is_missed(evidence_.node_of(path.from), dns[path.to]);
        edge.add(evidence_, at, fails, last_answer(path));
      }
    }
    const auto failing = std::count_if(users.begin(), users.end(), [](const auto& edges) {
      return edges[0].failing + edges[1].failing > 0;
    });
    for (Index node = 0; node < users.size(); ++node) {
      for (const bool of_dns : {false, true}) {
        const Edge& edge = users[node][of_dns ? 1 : 0];
        if (edge.failing == 0) continue;
        const int shaky = gateways ? kShakyGatewayIntervals : kShakyTargetIntervals;
        const Users& others = all[view_.paths[edge.evidence[0]].to];
        if (is_shared(others, own[node][of_dns ? 1 : 0]) && !is_settled(node, edge, shaky))
          continue;
        if (!gateways && is_missed(node, of_dns)) {
          tell_user(relation, node, of_dns, edge);
          continue;
        }
        // Its gateway may be the first that is known of a link that is down.
        const bool alone = evidence_.sees_peers[view_.paths[edge.evidence[0]].from] == 0;
        const bool restless = evidence_.restless[node] != 0;
        const bool sure =
            gateways && failing < kMany && !restless && evidence_.losing[node] == 0 && is_own(edge);
        if (!sure && !is_settled(node, edge, wait(gateways, alone ? kMany : failing, restless))) {
          continue;
        }
        tell_user(relation, node, of_dns, edge);
      }
    }
  }

  // Whether the agent reaches its peers, and others their gateways, just now.
  bool is_own(const Edge& edge) const {
    if (!evidence_.is_answered(view_.paths[edge.evidence[0]].from)) return false;
    const auto others = std::count_if(edges_.begin(), edges_.end(), [&](Index at) {
      const Path& path = view_.paths[at];
      return path.relation == Relation::kGateway && evidence_.answers_now(path) &&
             path.to == view_.paths[edge.evidence[0]].to &&
             view_.agents[path.from].reported >= edge.since;
    });
    return others >= kOthersMin;
  }

  bool is_missed(Index node, bool of_dns) const {
    const Missed& of = missed_of_[node][of_dns ? 1 : 0];
    return of.sum >= kMissedMin && !of.answered && evidence_.restless[node] == 0 && is_of_few();
  }

  void tell_user(Relation relation, Index node, bool of_dns, const Edge& edge) {
    Finding finding = edge.finding(kind_of(relation, of_dns), {.type = Type::kNode, .first = node});
    if (relation != Relation::kGateway) finding.severity = Severity::kWarning;
    if (evidence_.both_families && edge.ipv4 != edge.ipv6) {
      finding.family = edge.ipv6 ? PathFamily::kIpv6 : PathFamily::kIpv4;
    }
    findings_.push_back(finding);
  }

  struct Missed {  // Of a node's targets, those that are DNS or the others.
    std::uint32_t sum = 0;
    bool answered = false;
  };

  const Evidence& evidence_;
  const View& view_;
  Findings& findings_;
  std::vector<Index> edges_;                      // Paths that are not to peers.
  std::vector<Edge> missing_;                     // By target: the probers that missed an answer.
  std::vector<std::array<Missed, 2>> missed_of_;  // By node.
};

}  // namespace

void find_broken_edges(const Evidence& evidence, Findings& findings) {
  Edges(evidence, findings).find();
}

}  // namespace meshcheck::verdict
