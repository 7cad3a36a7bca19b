#include "mesh/verdict/verdict_tracker.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mesh/verdict/claims.h"

namespace meshcheck::verdict {
namespace {

// A node whose agents or networks come back one after the other has no lesser fault in between.
constexpr int kNarrowing = 5;

// The search that goes on when a fault of sizes is over ends sooner, and with the sizes as they
// were. Sizes that change later come from a search of their own, and the shortest takes 11 s.
constexpr std::chrono::seconds kSearchEnds{10};

// What comes back soon after it was over is known in part first: of a pair of its nodes, or of a
// single node's sizes.
constexpr std::chrono::seconds kComesBack{60};
constexpr std::chrono::seconds kPartOfReturn{5};
constexpr std::chrono::seconds kSizesOfReturn{15};

constexpr std::array<std::string_view, 3> kEventTypes = {"opened", "changed", "closed"};

}  // namespace

std::string_view text(VerdictEvent::Type type) {
  return kEventTypes[static_cast<std::size_t>(type)];
}

Clock::duration VerdictTracker::close_hold(const Verdict& verdict) const {
  const std::uint32_t doublings = std::min(verdict.flaps, 8U);
  return std::min(options_.close_hold * (1U << doublings), options_.close_hold_max);
}

Verdict* VerdictTracker::find_open(const std::string& key) {
  const auto same = std::find_if(open_.begin(), open_.end(), [&](const Verdict& verdict) {
    return key_of(verdict.named) == key;
  });
  return same == open_.end() ? nullptr : &*same;
}

std::vector<VerdictEvent> VerdictTracker::update(std::vector<NamedFinding> found,
                                                 const View& view) {
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

void VerdictTracker::refresh(Verdict& verdict, NamedFinding named, Clock::time_point now,
                             std::vector<VerdictEvent>& events) {
  const bool missed = verdict.last_seen != last_update_;
  if (missed && now - verdict.last_seen > options_.close_hold / 3) ++verdict.flaps;
  verdict.last_seen = now;
  named.finding.since = std::min(named.finding.since, verdict.named.finding.since);
  verdict.observed_most = std::max(verdict.observed_most, named.finding.observed);
  verdict.recovering = is_vaguer(verdict.named, verdict.observed_most, named);
  if (verdict.recovering) {
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

// What began in the time of a fault that explains it, and is over, lingers: an agent looks back a
// minute, and targets are probed slowly. Of a path that is down the next reports tell. The very
// same fault is back.
bool VerdictTracker::lingers(const NamedFinding& named, const std::string& key,
                             Clock::time_point now) const {
  const Group group = group_of(named.finding);
  const bool searched = group == Group::kFullPackets || group == Group::kFragments;
  const Clock::duration linger =
      group == Group::kReachability ? options_.linger_of_cuts : options_.linger;
  return std::any_of(closed_.begin(), closed_.end(), [&](const Verdict& verdict) {
    if (now - *verdict.closed > linger || !explains(verdict.named, named)) return false;
    if (!searched && key_of(verdict.named) == key) return false;
    return named.finding.since <=
           verdict.last_seen + (searched ? kSearchEnds : options_.close_hold);
  });
}

Clock::duration VerdictTracker::hold_of(const NamedFinding& named, Clock::time_point now) const {
  const Clock::duration usually = open_hold(named.finding);
  const Group group = group_of(named.finding);
  const bool searched = group == Group::kFullPackets || group == Group::kFragments;
  const bool of_pair = named.finding.subject.type == Subject::Type::kNodePair;
  const bool comes_back = (searched || of_pair) &&
                          std::any_of(closed_.begin(), closed_.end(), [&](const Verdict& verdict) {
                            return now - verdict.last_seen <= kComesBack &&
                                   explains(verdict.named, named) &&
                                   verdict.named.finding.subject.type != named.finding.subject.type;
                          });
  const bool old = !searched && now - named.finding.since > options_.linger_of_cuts;
  if (!comes_back || old) return usually;
  return std::max<Clock::duration>(usually, searched ? kSizesOfReturn : kPartOfReturn);
}

void VerdictTracker::consider(NamedFinding named, Clock::time_point now,
                              std::vector<VerdictEvent>& events) {
  for (const Verdict& verdict : open_) {
    const bool fades = verdict.last_seen != now || verdict.recovering;
    if ((fades || always_hides(verdict.named, named)) && explains(verdict.named, named)) return;
    if (may_be_loss(verdict.named, named, now)) return;
  }
  const std::string key = key_of(named);
  if (lingers(named, key, now)) return;
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
  const bool stood = now - candidate->first_seen >= hold_of(candidate->named, now);
  if (!is_plain(candidate->named.finding) && (!stood || candidate->evaluations < 2)) return;
  // What is over by now is no news.
  if (candidate->named.finding.past) return;
  Candidate ready = std::move(*candidate);
  candidates_.erase(candidate);
  open(std::move(ready), now, events);
}

void VerdictTracker::open(Candidate candidate, Clock::time_point now,
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
void VerdictTracker::wait_for_sight(const View& view) {
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

void VerdictTracker::close_what_is_gone(Clock::time_point now, std::vector<VerdictEvent>& events) {
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
