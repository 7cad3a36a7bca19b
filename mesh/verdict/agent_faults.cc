// What is said of agents themselves: silent to the server though alive, starved, their clock set.
#include <algorithm>

#include "mesh/verdict/signals.h"

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

// Of the paths to a silent agent, how many have to be up for it to be alive; one of a few.
constexpr double kAliveShare = 0.5;
// Of the agents of a zone or of all, how many have to be silent to say it of the whole.
constexpr double kGroupShare = 0.6;
constexpr std::size_t kGroupMin = 3;
constexpr std::chrono::seconds kZoneWait{25};
constexpr std::size_t kSelfFindingsMax = 32;
// Where so many of the clocks that are known differ from the server's the same way, it is the
// server's.
constexpr double kServerClockShare = 0.5;
// An answer so long after the last report, and after the next one was due, is one of somebody who
// lives and is not heard.
constexpr int kNewsIntervals = 2;
// Where so many of the paths to an agent come and go or lose much, so do its reports. It is asked
// for them again and again, and for so long without success only if the loss is not the reason.
constexpr double kUnsteadyShare = 0.2;
constexpr std::chrono::seconds kUnsteadyWait{60};
// An agent whose report failed sends it again within this time after the network is back.
constexpr std::chrono::seconds kSteadyAfter{5};
constexpr std::uint8_t kUnsteadyLost = 3;
// Of recent losses nothing is known while those of an outage leave the minute; then a path that
// was called degraded so lately, or lost so much, is taken for one that loses them now.
constexpr std::chrono::seconds kLossyLately{20};
constexpr double kLossyShare = 0.4;
// Outdated is twice the interval; a living agent's last report is hardly older than one.
constexpr double kOverdueShare = 0.65;

struct Witnesses {
  std::uint32_t known = 0;
  std::uint32_t up = 0;
  std::uint32_t unsteady = 0;
  std::array<Index, Finding::kEvidenceMax> evidence{};
};

class AgentFaults {
 public:
  AgentFaults(const Evidence& evidence, Findings& findings)
      : evidence_(evidence), view_(evidence.view), findings_(findings) {}

  void find() {
    find_server_clock();
    find_selves();
    for (Index agent = 0; agent < view_.agents.size(); ++agent) {
      if (is_silent(agent)) silent_.push_back(agent);
    }
    if (silent_.empty()) return;
    add_overdue();
    ask_witnesses();
    split();
    find_server_unreachable();
  }

 private:
  bool is_silent(Index agent) const {
    const Agent& seen = view_.agents[agent];
    return seen.expected && is_gone(seen.status);
  }

  // Who fell silent together is outdated one after the other; so as soon as one is, those are taken
  // with it whose last report is older than anything that a living agent has.
  void add_overdue() {
    Clock::duration age = Clock::duration::max();
    for (const Index agent : silent_) {
      const Agent& seen = view_.agents[agent];
      if (seen.status == Agent::Status::kSilent) age = std::min(age, view_.now - seen.reported);
    }
    if (age == Clock::duration::max()) return;
    for (Index agent = 0; agent < view_.agents.size(); ++agent) {
      const Agent& seen = view_.agents[agent];
      if (!seen.expected || seen.status != Agent::Status::kReporting) continue;
      if (view_.now - seen.reported >= kOverdueShare * age) silent_.push_back(agent);
    }
    std::sort(silent_.begin(), silent_.end());
  }

  // Against whose clock nothing is said of single agents then.
  void find_server_clock() {
    std::array<std::vector<std::chrono::milliseconds>, 2> skews;
    for (const Agent& agent : view_.agents) {
      if (agent.clock_skew.count() != 0) {
        skews[agent.clock_skew.count() > 0 ? 0 : 1].push_back(agent.clock_skew);
      }
    }
    auto& most = skews[skews[0].size() >= skews[1].size() ? 0 : 1];
    if (most.size() < kGroupMin || static_cast<double>(most.size()) <=
                                       kServerClockShare * static_cast<double>(view_.agents.size()))
      return;
    server_clock_ = true;
    const auto middle = most.begin() + static_cast<std::ptrdiff_t>(most.size() / 2);
    std::nth_element(most.begin(), middle, most.end());
    findings_.push_back({.kind = Kind::kClockSkew,
                         .severity = Severity::kWarning,
                         .failing = static_cast<std::uint32_t>(most.size()),
                         .observed = static_cast<std::uint32_t>(view_.agents.size()),
                         .since = view_.now,
                         .clock_skew = *middle});
  }

  void find_selves() {
    std::size_t left = kSelfFindingsMax;
    for (Index agent = 0; agent < view_.agents.size() && left > 0; ++agent) {
      const Agent& seen = view_.agents[agent];
      Finding finding{.subject = {.type = Type::kAgent, .first = agent},
                      .scope = seen.layer == Layer::kHost ? Scope::kHost : Scope::kPod,
                      .severity = Severity::kInfo,
                      .failing = 1,
                      .observed = 1,
                      .since = seen.reported};
      if (seen.status == Agent::Status::kStarved) {
        finding.kind = Kind::kAgentStarved;
        findings_.push_back(finding);
        --left;
      }
      if (seen.clock_skew.count() != 0 && !server_clock_) {
        finding.kind = Kind::kClockSkew;
        finding.severity = Severity::kWarning;
        finding.clock_skew = seen.clock_skew;
        findings_.push_back(finding);
        --left;
      } else if (seen.clock_jump.count() != 0) {
        finding.kind = Kind::kClockJump;
        finding.clock_jump = seen.clock_jump;
        findings_.push_back(finding);
        --left;
      }
    }
  }

  void ask_witnesses() {
    witnesses_.resize(view_.agents.size());
    for (Index at = 0; at < view_.paths.size(); ++at) {
      const Path& path = view_.paths[at];
      if (!between_agents(path) || !evidence_.counts(path)) continue;
      Witnesses& of = witnesses_[path.to];
      ++of.known;
      of.unsteady += is_unsteady(path) ? 1U : 0U;
      if (path.state == PathState::kDown || !answered_since(path)) continue;
      if (of.up < of.evidence.size()) of.evidence[of.up] = at;
      ++of.up;
    }
  }

  // Whether its answers are news of who has not reported since: those from before prove nothing.
  bool answered_since(const Path& path) const {
    if (path.answer_age_ms == Path::kNoAge) return true;
    const Clock::time_point answered =
        view_.agents[path.from].reported - std::chrono::milliseconds(path.answer_age_ms);
    const Agent& to = view_.agents[path.to];
    return answered >= to.reported + std::max<Clock::duration>(
                                         kNewsIntervals * view_.probe_interval, to.report_interval);
  }

  // Whether it was down a moment ago, or loses so much that a report may not come through.
  bool is_unsteady(const Path& path) const {
    if (path.state == PathState::kDown) return path.trickles;
    const bool lossy =
        path.state == PathState::kDegraded &&
        (view_.now - path.since < kLossyLately || path.lost >= kLossyShare * path.sent);
    return lossy || path.lost_lately >= kUnsteadyLost ||
           (path.recovering && view_.now - path.since < kSteadyAfter);
  }

  // Whether the network that the agent is in explains that it is not heard.
  bool is_unsteady(Index agent) const {
    const Witnesses& seen = witnesses_[agent];
    return seen.unsteady > 0 && seen.unsteady >= kUnsteadyShare * seen.known &&
           view_.now - view_.agents[agent].reported < kUnsteadyWait;
  }

  // Those that live, whom the server does not hear, and those of whom nobody can say anything. Of
  // the rest, that do not answer, more was said before.
  void split() {
    const bool nobody_left = silent_.size() == view_.agents.size() && silent_.size() >= kGroupMin;
    for (const Index agent : silent_) {
      const Witnesses& seen = witnesses_[agent];
      if (!nobody_left && (is_parted(agent) || is_unsteady(agent))) continue;
      if (nobody_left || (seen.known > 0 && seen.up >= kAliveShare * seen.known)) {
        alive_.push_back(agent);
      } else if (seen.known == 0 && !is_explained(agent)) {
        unseen_.push_back(agent);
      }
    }
    tell_unseen();
  }

  // Nobody probes them, as on a cluster's only node: both agents of a node are the node.
  void tell_unseen() {
    const std::size_t told = std::min(unseen_.size(), kSelfFindingsMax);
    for (std::size_t at = 0; at < told; ++at) {
      const Agent& seen = view_.agents[unseen_[at]];
      const auto twin = std::find_if(unseen_.begin(), unseen_.end(), [&](Index other) {
        return other != unseen_[at] && seen.node != kNoIndex &&
               view_.agents[other].node == seen.node;
      });
      if (twin != unseen_.end()) {
        if (*twin < unseen_[at]) continue;
        findings_.push_back({.kind = Kind::kNodeDown,
                             .subject = {.type = Type::kNode, .first = seen.node},
                             .severity = Severity::kCritical,
                             .silent = true,
                             .since = std::max(seen.reported, view_.agents[*twin].reported)});
        continue;
      }
      findings_.push_back({.kind = Kind::kAgentDown,
                           .subject = {.type = Type::kAgent, .first = unseen_[at]},
                           .scope = seen.layer == Layer::kHost ? Scope::kHost : Scope::kPod,
                           .severity = Severity::kWarning,
                           .silent = true,
                           .since = seen.reported});
    }
  }

  bool is_explained(Index agent) const {
    const Index node = view_.agents[agent].node;
    return node != kNoIndex && evidence_.explained[node] != 0;
  }

  // The server is on the other side, or may be.
  bool is_parted(Index agent) const {
    const Index node = view_.agents[agent].node;
    return node != kNoIndex && view_.nodes[node].zone != kNoIndex &&
           evidence_.explained_zones[view_.nodes[node].zone] != 0;
  }

  // The narrowest that holds them: an agent, a node, a zone, all.
  void find_server_unreachable() {
    if (alive_.size() >= kGroupMin && is_most(alive_, kNoIndex)) {
      add({.type = Type::kAll}, alive_);
      findings_.back().severity = Severity::kCritical;
      return;
    }
    for (Index zone = 0; zone < view_.zones.size(); ++zone) {
      std::vector<Index> here;
      for (const Index agent : alive_) {
        const Index node = view_.agents[agent].node;
        if (node != kNoIndex && view_.nodes[node].zone == zone) here.push_back(agent);
      }
      if (here.size() <= kGroupMin || !is_most(here, zone)) continue;
      add({.type = Type::kZone, .first = zone}, here);
      std::erase_if(
          alive_, [&](Index agent) { return std::binary_search(here.begin(), here.end(), agent); });
    }
    wait_for_zones();
    std::size_t left = kSelfFindingsMax;
    while (!alive_.empty() && left-- > 0) {
      const Index node = view_.agents[alive_.front()].node;
      std::vector<Index> here;
      std::copy_if(alive_.begin(), alive_.end(), std::back_inserter(here), [&](Index agent) {
        return agent == alive_.front() || (node != kNoIndex && view_.agents[agent].node == node);
      });
      const bool all_of_node = here.size() > 1;
      const Subject subject{.type = all_of_node ? Type::kNode : Type::kAgent,
                            .first = all_of_node ? node : here.front()};
      if (all_of_node || !waits_for_twin(here.front())) add(subject, here);
      std::erase_if(alive_, [&](Index agent) {
        return std::find(here.begin(), here.end(), agent) != here.end();
      });
    }
  }

  // Whether the other agent of its node has not reported since this one's report was due. Then that
  // one may be silent too, and the node it is: that is known an interval later.
  bool waits_for_twin(Index agent) const {
    const Agent& seen = view_.agents[agent];
    if (seen.node == kNoIndex) return false;
    const Clock::time_point due = seen.reported + seen.report_interval;
    return std::any_of(view_.agents.begin(), view_.agents.end(), [&](const Agent& other) {
      return other.node == seen.node && other.layer != seen.layer && other.expected &&
             other.status == Agent::Status::kReporting && other.reported < due;
    });
  }

  // Several of one zone, and not most of it: a zone that is cut off may begin like that.
  void wait_for_zones() {
    std::vector<std::size_t> silent(view_.zones.size());
    const auto zone_of = [&](Index agent) {
      const Index node = view_.agents[agent].node;
      return node == kNoIndex ? kNoIndex : view_.nodes[node].zone;
    };
    for (const Index agent : alive_) {
      if (zone_of(agent) != kNoIndex) ++silent[zone_of(agent)];
    }
    std::erase_if(alive_, [&](Index agent) {
      return zone_of(agent) != kNoIndex && silent[zone_of(agent)] > kGroupMin &&
             view_.now - view_.agents[agent].reported < kZoneWait;
    });
  }

  std::size_t count(Index zone) const {
    return static_cast<std::size_t>(
        std::count_if(view_.agents.begin(), view_.agents.end(), [&](const Agent& agent) {
          return agent.expected && (zone == kNoIndex || (agent.node != kNoIndex &&
                                                         view_.nodes[agent.node].zone == zone));
        }));
  }

  bool is_most(const std::vector<Index>& agents, Index zone) const {
    return static_cast<double>(agents.size()) >= kGroupShare * static_cast<double>(count(zone));
  }

  // k of m are agents here: those that are silent, and those that there are.
  void add(const Subject& subject, const std::vector<Index>& agents) {
    Finding finding{.kind = Kind::kServerUnreachable,
                    .subject = subject,
                    .way = Way::kOut,
                    .severity = Severity::kWarning,
                    .silent = true,
                    .failing = static_cast<std::uint32_t>(agents.size()),
                    .observed = static_cast<std::uint32_t>(agents.size()),
                    .since = Clock::time_point::max()};
    if (subject.type == Type::kAll) finding.observed = static_cast<std::uint32_t>(count(kNoIndex));
    if (subject.type == Type::kZone) {
      finding.observed = static_cast<std::uint32_t>(count(subject.first));
    }
    if (subject.type == Type::kAgent) {
      const bool host = view_.agents[subject.first].layer == Layer::kHost;
      finding.scope = host ? Scope::kHost : Scope::kPod;
    }
    for (const Index agent : agents) {
      finding.since = std::min(finding.since, view_.agents[agent].reported);
      const Witnesses& seen = witnesses_[agent];
      for (std::size_t at = 0; at < std::min<std::size_t>(seen.up, seen.evidence.size()); ++at) {
        finding.add_evidence(seen.evidence[at]);
      }
    }
    findings_.push_back(finding);
  }

  const Evidence& evidence_;
  const View& view_;
  Findings& findings_;
  bool server_clock_ = false;  // It is wrong, or most others are.
  std::vector<Index> silent_;
  std::vector<Index> alive_;
  std::vector<Index> unseen_;
  std::vector<Witnesses> witnesses_;
};

}  // namespace

void find_agent_faults(const Evidence& evidence, Findings& findings) {
  AgentFaults(evidence, findings).find();
}

}  // namespace meshcheck::verdict
