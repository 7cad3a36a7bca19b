#include "mesh/table/path_judge.h"

#include <algorithm>

namespace meshcheck::mesh {
namespace {

// A probe each interval: a peer that was not heard for three has gone missing, whatever the jitter.
constexpr int kSilentIntervals = 3;
// A probe heard so soon after the last answer may be the last one that came through.
constexpr int kAnswerIntervals = 2;
constexpr int kGraceIntervals = 5;
constexpr std::chrono::seconds kGraceMin{5};

Judgement unknown(std::string_view reason, Clock::time_point since) {
  return {.state = PathState::kUnknown, .reason = reason, .since = since};
}

// A router need not answer pings at all, so that it never did is no fault.
bool is_mute(const PathRow& row) {
  return row.relation == Relation::kGateway && row.answer_age_ms == PathRow::kNever;
}

Cut where_lossy(const PathRow& row) {
  if (row.lost_forward != 0 && row.lost_backward != 0) return Cut::kBoth;
  if (row.lost_forward != 0) return Cut::kForward;
  return row.lost_backward != 0 ? Cut::kBackward : Cut::kUnknown;
}

std::optional<Clock::time_point> last_answer(const MeshAgent& from, const PathRow& row) {
  if (row.answer_age_ms == PathRow::kNever) return std::nullopt;
  return from.received - std::chrono::milliseconds(row.answer_age_ms);
}

// The path back, if `to` probes it as well.
const PathRow* path_back(const MeshAgent& from, const PathRow& row, const MeshAgent& to) {
  const auto back = std::find_if(to.rows.begin(), to.rows.end(), [&](const PathRow& other) {
    return other.to == from.name && other.between_agents() && other.kind == row.kind &&
           other.family == row.family;
  });
  return back == to.rows.end() ? nullptr : &*back;
}

}  // namespace

bool PathJudge::Rules::is_outdated(Clock::duration silence, Clock::duration interval) const {
  const std::chrono::duration<double> silence_max = interval * outdated_factor;
  return silence > silence_max;
}

bool PathJudge::is_outdated(const MeshAgent& agent) const {
  return rules_.is_outdated(now_ - agent.received, agent.report_interval) &&
         run_watch_.judges(now_, agent.report_interval);
}

Clock::duration PathJudge::grace(const MeshAgent& from) const {
  return 2 * from.report_interval +
         std::max<Clock::duration>(kGraceMin, kGraceIntervals * rules_.probe_interval);
}

// Whether the peer's new session has answered and does not any more, which no start explains. An
// answer within three intervals is one after which the path may be about to be up.
bool PathJudge::fell_silent(const MeshAgent& from, const PathRow& row, const MeshAgent& to) const {
  const auto answered = last_answer(from, row);
  return row.state == PathState::kDown && answered && *answered > to.started &&
         from.received - *answered >= kSilentIntervals * rules_.probe_interval;
}

// A fault is said only where nothing else explains the row. A reporter that ends or is silent knows
// nothing of now, so it is asked about first. A peer that ends is not to be missed whatever the row
// says. A peer that has just begun could not answer before: that excuses what is bad of its path,
// while an answer proves that the path works, whenever the peer began.
Judgement PathJudge::judge(const MeshAgent& from, const PathRow& row, const MeshAgent* to) const {
  const Clock::time_point since = from.received - std::chrono::milliseconds(row.state_age_ms);
  if (from.stopping) return unknown("agent is stopping", from.received);
  if (is_outdated(from)) return unknown("no report", from.received);
  if (row.state == PathState::kUnknown) return unknown("too few results", since);
  if (is_mute(row)) return unknown("never answered", since);
  const bool fine = row.state == PathState::kUp;
  if (row.between_agents()) {
    if (to == nullptr && !fine) return unknown("no report of the peer", since);
    if (to != nullptr && to->stopping) return unknown("peer is stopping", to->received);
    if (to != nullptr && !fine && now_ - to->started < grace(from) &&
        !fell_silent(from, row, *to)) {
      return unknown("peer restarted", to->started);
    }
  }
  Judgement judgement{.state = row.state, .since = since};
  if (row.state == PathState::kDegraded) judgement.cut = where_lossy(row);
  if (row.state == PathState::kDown) {
    const bool reflected = row.between_agents() && row.kind == ProbeKind::kStamp;
    judgement.cut = reflected && to != nullptr ? where_down(from, row, *to) : Cut::kUnknown;
  }
  return judgement;
}

// Probes arrive if the peer heard one well after the last answer, and they do not if it heard none
// for three intervals. An age counts back from when its report came here, by this server's clock,
// so the clocks of nodes do not matter. Reports are of different moments, and each bounds what the
// other proves:
//   - the peer's says nothing of the time after it, nor of a loss that began shortly before it;
//   - the prober's says nothing of the time after it, as it may have other peers since;
//   - a probe that was heard within two intervals of the last answer may be the one that was
//     answered, which shows nothing of those behind it.
// What neither proves stays unknown: a wrong direction sends people to the wrong node.
PathJudge::Arrival PathJudge::arrival(const MeshAgent& prober, const PathRow& row,
                                      const MeshAgent& peer) const {
  const auto& address = prober.address(row.family);
  if (!address || peer.stopping || is_outdated(peer)) return Arrival::kUnknown;
  const auto answered = last_answer(prober, row);
  const Clock::duration silence = kSilentIntervals * rules_.probe_interval;
  // After its own report the prober may have been told to probe somebody else: of what is missing
  // since then nobody knows.
  const Clock::time_point known = std::min(prober.received, peer.received);
  const auto age = HeardRow::age_of(peer.heard, *address, prober.ssid);
  if (age && peer.received - *age >= known - silence) {
    const bool since =
        !answered || peer.received - *age > *answered + kAnswerIntervals * rules_.probe_interval;
    return since ? Arrival::kYes : Arrival::kUnknown;
  }
  // A path that was never answered may be younger than the peer's report: until it is down, it has
  // sent as many probes.
  const Clock::time_point cut =
      answered.value_or(prober.received - std::chrono::milliseconds(row.state_age_ms) - silence);
  return known >= cut + silence ? Arrival::kNo : Arrival::kUnknown;
}

// Two directed links: there, and back. A probe takes the one there and its answer the one back; the
// peer's own probes take them the other way round, so who hears whom tells them apart.
Cut PathJudge::where_down(const MeshAgent& from, const PathRow& row, const MeshAgent& to) const {
  switch (arrival(from, row, to)) {
    case Arrival::kYes:  // So it is the answer that is lost.
      return Cut::kBackward;
    case Arrival::kUnknown:
      return Cut::kUnknown;
    case Arrival::kNo:
      break;
  }
  const PathRow* const back = path_back(from, row, to);
  const bool back_down = back != nullptr && back->state == PathState::kDown;
  if (back_down && arrival(to, *back, from) == Arrival::kNo) return Cut::kBoth;
  return Cut::kForward;
}

}  // namespace meshcheck::mesh
