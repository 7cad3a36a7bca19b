#include "mesh/verdict/cover.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace meshcheck::verdict {
namespace {

using Type = Subject::Type;

constexpr std::size_t kLayers = 2;
// A larger subject has to explain so much more than the best smaller one.
constexpr double kZoneOverNode = 1.5;
constexpr double kAllOverOthers = 1.2;
// Of a node whose host network fails, pods need not fail quite as clearly.
constexpr double kPodShareBelowHost = 0.5;
constexpr std::uint32_t kNodesOfAllMin = 3;
// In a small cluster few nodes touch most paths, so all of them have to fail.
constexpr std::uint32_t kNodesOfMostMin = 6;
constexpr double kAllOfFew = 0.95;

bool has(std::uint8_t mask, std::size_t cell) {
  return (std::uint32_t{mask} >> cell & 1U) != 0;
}

// Whether so many of them are no chance: by Chernoff's bound below one in 400,000.
bool is_surprising(std::uint32_t bad, std::uint32_t observed, double chance) {
  constexpr double kSurprise = 13;
  const double expected = chance * observed;
  return bad > expected && bad * std::log(bad / expected) - (bad - expected) > kSurprise;
}

double share_of(std::uint32_t part, std::uint32_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / whole;
}

}  // namespace

Cover::Cover(const View& view, std::span<const std::uint8_t> suspects, const Rules& rules)
    : view_(view),
      suspects_(suspects),
      rules_(rules),
      tallies_(view, rules.directed),
      rejected_nodes_(view.nodes.size()) {
  assert(suspects.size() == view.nodes.size());
}

void Cover::add_bad(const Observation& seen) {
  tallies_.add(seen, true);
  bad_.push_back(seen);
}

// Lists what fails by node, both ends.
void Cover::link() {
  covered_.assign(bad_.size(), 0);
  first_of_node_.assign(tallies_.node_count() + 1, 0);
  for (const Observation& seen : bad_) {
    ++first_of_node_[seen.tail + std::size_t{1}];
    ++first_of_node_[seen.head + std::size_t{1}];
  }
  for (Index node = 0; node < tallies_.node_count(); ++node) {
    if (first_of_node_[node + std::size_t{1}] > 0) touched_.push_back(node);
    first_of_node_[node + std::size_t{1}] += first_of_node_[node];
  }
  bad_of_nodes_.resize(2 * bad_.size());
  std::vector<std::uint32_t> next(first_of_node_.begin(), first_of_node_.end() - 1);
  for (std::uint32_t member = 0; member < bad_.size(); ++member) {
    bad_of_nodes_[next[bad_[member].tail]++] = member;
    bad_of_nodes_[next[bad_[member].head]++] = member;
  }
}

std::span<const std::uint32_t> Cover::bad_of(Index node) const {
  const std::size_t begin = first_of_node_[node];
  return std::span(bad_of_nodes_).subspan(begin, first_of_node_[node + std::size_t{1}] - begin);
}

Cover::Candidate Cover::rate(const Subject& subject, double share) const {
  const Tally tally = tallies_.of(subject);
  Candidate candidate{.subject = subject};
  // Hosts first, since they bear on what is asked of pods.
  for (std::size_t layer = kLayers; layer-- > 0;) {
    for (std::size_t at = layer; at < tally.size(); at += kLayers) {
      const Tallies::Count& count = tally[at];
      const std::uint32_t left = count.bad - count.covered;
      const bool below_host = layer == 0 && has(candidate.cells, at | Tallies::kHostBit);
      const double wanted = below_host ? std::min(share, kPodShareBelowHost) : share;
      const std::uint32_t known = count.known - count.covered;
      if (left == 0 || share_of(left, known) < wanted) continue;
      if (rules_.chance > 0 && !is_surprising(left, known, rules_.chance)) continue;
      candidate.cells = static_cast<Mask>(candidate.cells | 1U << at);
      candidate.score += left;
    }
  }
  return candidate;
}

bool Cover::is_rejected(const Subject& subject) const {
  return std::find(rejected_zones_.begin(), rejected_zones_.end(), subject) !=
         rejected_zones_.end();
}

Cover::Candidate Cover::best_node() const {
  Candidate best;
  bool best_suspect = false;
  for (const Index node : touched_) {
    if (rejected_nodes_[node] != 0) continue;
    const Candidate candidate = rate({.type = Type::kNode, .first = node}, rules_.node_share);
    const bool suspect = suspects_[node] != 0;
    if (candidate.score > best.score ||
        (candidate.score != 0 && candidate.score == best.score && suspect && !best_suspect)) {
      best = candidate;
      best_suspect = suspect;
    }
  }
  return best;
}

// From each of the others; else it is a matter of pairs of zones.
bool Cover::is_cut_off(Index zone) const {
  bool any = false;
  for (Index other = 0; other < tallies_.zone_count(); ++other) {
    if (other == zone) continue;
    const Subject pair{.type = Type::kZonePair, .first = zone, .second = other};
    const bool fails = rate(pair, rules_.zone_share).score > 0;
    const bool seen = !Tallies::is_unseen(tallies_.between(zone, other)) ||
                      !Tallies::is_unseen(tallies_.between(other, zone));
    if (!fails && seen) return false;
    any = any || fails;
  }
  return any;
}

Cover::Candidate Cover::best_zone() const {
  Candidate best;
  const std::size_t zone_count = tallies_.zone_count();
  const auto offer = [&](const Subject& subject) {
    if (is_rejected(subject)) return;
    const Candidate candidate = rate(subject, rules_.zone_share);
    if (candidate.score > best.score) best = candidate;
  };
  for (Index zone = 0; zone < zone_count; ++zone) {
    for (Index other = zone + 1; other < zone_count; ++other) {
      if (Tallies::is_fine(tallies_.between(zone, other)) &&
          Tallies::is_fine(tallies_.between(other, zone)))
        continue;
      offer({.type = Type::kZonePair, .first = zone, .second = other});
    }
  }
  if (zone_count > 2) {
    for (Index zone = 0; zone < zone_count; ++zone) {
      if (is_cut_off(zone)) offer({.type = Type::kZone, .first = zone});
    }
  }
  return best;
}

// Where most nodes are silent, the few that are left see all of their paths fail. Of three nodes,
// each pair has to fail by itself: two that are down would look like all otherwise.
bool Cover::may_be_of_all() const {
  if (touched_.size() < kNodesOfAllMin) return false;
  if (touched_.size() > kNodesOfAllMin) return true;
  std::vector<std::pair<Index, Index>> pairs;
  for (const Observation& seen : bad_) pairs.emplace_back(std::minmax(seen.tail, seen.head));
  std::sort(pairs.begin(), pairs.end());
  return std::unique(pairs.begin(), pairs.end()) - pairs.begin() == kNodesOfAllMin;
}

// A path that fails accuses both its ends alike, and all else that it touches; a third node that
// fails towards the same subject decides between them. So a candidate is taken only with witnesses:
// without them it is rejected for good, and what it would have explained is left for others.
Cover::Candidate Cover::best() {
  while (true) {
    const Candidate node = best_node();
    const Candidate zone = best_zone();
    const bool few = touched_.size() < kNodesOfMostMin;
    const Candidate all =
        rate({.type = Type::kAll}, few ? std::max(rules_.all_share, kAllOfFew) : rules_.all_share);
    Candidate chosen = zone.score > kZoneOverNode * node.score ? zone : node;
    if (all.score > kAllOverOthers * chosen.score && may_be_of_all()) return all;
    if (chosen.score == 0 || has_witnesses(chosen)) return chosen;
    if (chosen.subject.type == Type::kNode) {
      rejected_nodes_[chosen.subject.first] = 1;
    } else {
      rejected_zones_.push_back(chosen.subject);
    }
  }
}

bool Cover::touches(const Candidate& candidate, const Observation& seen) const {
  const std::size_t first = Tallies::cell(seen, false);
  const std::size_t second = Tallies::cell(seen, rules_.directed);
  const Subject& subject = candidate.subject;
  if (subject.type == Type::kAll) return has(candidate.cells, first);
  if (subject.type == Type::kNode) {
    return (seen.tail == subject.first && has(candidate.cells, first)) ||
           (seen.head == subject.first && has(candidate.cells, second));
  }
  const Index tail = tallies_.zone_of(seen.tail);
  const Index head = tallies_.zone_of(seen.head);
  if (subject.type == Type::kZonePair) {
    return (tail == subject.first && head == subject.second && has(candidate.cells, first)) ||
           (head == subject.first && tail == subject.second && has(candidate.cells, second));
  }
  return (tail == subject.first && has(candidate.cells, first)) ||
         (head == subject.first && has(candidate.cells, second));
}

bool Cover::has_witnesses(const Candidate& candidate) const {
  if (candidate.subject.type != Type::kNode) return zone_has_witnesses(candidate);
  const Index node = candidate.subject.first;
  std::vector<Index> others;
  for (const std::uint32_t member : bad_of(node)) {
    const Observation& seen = bad_[member];
    if (covered_[member] != 0 || !touches(candidate, seen)) continue;
    const Index other = seen.tail == node ? seen.head : seen.tail;
    if (std::find(others.begin(), others.end(), other) == others.end()) others.push_back(other);
    if (others.size() >= rules_.witnesses_min) return true;
  }
  // A small cluster has few witnesses; then all have to agree.
  std::uint32_t left = 0;
  const Tally& tally = tallies_.of_node(node);
  for (std::size_t at = 0; at < tally.size(); ++at) {
    if (has(candidate.cells, at)) left += tally[at].known - tally[at].covered;
  }
  const std::size_t wanted = suspects_[node] != 0 ? 1 : 2;
  return left == candidate.score && others.size() >= wanted;
}

// Several nodes on either side, so that it is not the fault of one. Two are enough where their zone
// is known to work inside.
bool Cover::zone_has_witnesses(const Candidate& candidate) const {
  const Index inside = candidate.subject.first;
  std::vector<Index> near;
  std::vector<Index> far;
  const auto note = [](std::vector<Index>& nodes, Index node) {
    if (nodes.size() < 3 && std::find(nodes.begin(), nodes.end(), node) == nodes.end()) {
      nodes.push_back(node);
    }
  };
  for (std::uint32_t member = 0; member < bad_.size() && near.size() + far.size() < 6; ++member) {
    const Observation& seen = bad_[member];
    if (covered_[member] != 0 || !touches(candidate, seen)) continue;
    const bool out = tallies_.zone_of(seen.tail) == inside;
    note(near, out ? seen.tail : seen.head);
    note(far, out ? seen.head : seen.tail);
  }
  const auto enough = [&](const std::vector<Index>& nodes) {
    if (nodes.size() >= 3) return true;
    if (nodes.size() < 2) return false;
    const Index zone = tallies_.zone_of(nodes.front());
    const Tally& inner = tallies_.between(zone, zone);
    return std::any_of(inner.begin(), inner.end(),
                       [](const Tallies::Count& count) { return count.known > count.bad; });
  };
  return enough(near) && enough(far);
}

void Cover::cover(std::uint32_t member) {
  covered_[member] = 1;
  tallies_.cover(bad_[member]);
}

Explanation Cover::take(const Candidate& candidate) {
  const Tally tally = tallies_.of(candidate.subject);
  std::vector<std::uint32_t> members;
  const auto offer = [&](std::uint32_t member) {
    if (covered_[member] == 0 && touches(candidate, bad_[member])) members.push_back(member);
  };
  if (candidate.subject.type == Type::kNode) {
    for (const std::uint32_t member : bad_of(candidate.subject.first)) offer(member);
  } else {
    for (std::uint32_t member = 0; member < bad_.size(); ++member) offer(member);
  }
  for (const std::uint32_t member : members) cover(member);
  Explanation found = explain_by(view_, candidate.subject, bad_, std::move(members));
  found.failing = found.observed = 0;
  Mask ways = 0;
  for (std::size_t at = 0; at < tally.size(); ++at) {
    if (!has(candidate.cells, at)) continue;
    found.failing += tally[at].bad;
    found.observed += tally[at].known;
    ways = static_cast<Mask>(ways | ((at & Tallies::kSecondWayBit) != 0 ? 2U : 1U));
  }
  if (rules_.directed && candidate.subject.type != Type::kAll) {
    found.way = ways == 3 ? Way::kBoth : ways == 1 ? Way::kOut : Way::kIn;
  }
  return found;
}

// The smallest set that covers everything is not found in reasonable time; taking the most each
// time is never far from it, and it is the same where faults do not overlap. Paths that are taken
// count no more, so that the neighbours of a broken node do not look broken because of it.
std::vector<Explanation> Cover::explain() {
  std::vector<Explanation> found;
  if (bad_.empty()) return found;
  link();
  while (found.size() < rules_.subjects_max) {
    const Candidate candidate = best();
    if (candidate.score == 0) break;
    found.push_back(take(candidate));
  }
  explain_rest(found);
  return found;
}

// What no subject explains: pairs of nodes, and nodes with many such pairs.
void Cover::explain_rest(std::vector<Explanation>& found) {
  std::vector<Pair> pairs = pairs_left();
  std::vector<std::uint32_t> pairs_of(tallies_.node_count());
  while (found.size() < rules_.subjects_max) {
    std::fill(pairs_of.begin(), pairs_of.end(), 0);
    for (const Pair& pair : pairs) {
      ++pairs_of[pair.low];
      ++pairs_of[pair.high];
    }
    const auto most = std::max_element(pairs_of.begin(), pairs_of.end());
    if (most == pairs_of.end() || *most < rules_.partial_pairs_min) break;
    const auto node = static_cast<Index>(most - pairs_of.begin());
    const auto first = std::stable_partition(pairs.begin(), pairs.end(), [node](const Pair& pair) {
      return pair.low != node && pair.high != node;
    });
    std::vector<std::uint32_t> members;
    for (auto pair = first; pair != pairs.end(); ++pair) {
      members.insert(members.end(), pair->members.begin(), pair->members.end());
    }
    Explanation some =
        explain_by(view_, {.type = Type::kNode, .first = node}, bad_, std::move(members));
    some.partial = true;
    some.observed = 0;
    const Tally& tally = tallies_.of_node(node);
    for (std::size_t at = 0; at < tally.size(); ++at) {
      const bool host = (at & Tallies::kHostBit) != 0;
      if (some.scope == Scope::kBoth || host == (some.scope == Scope::kHost)) {
        some.observed += tally[at].known;
      }
    }
    if (share_of(some.failing, some.observed) < rules_.partial_share) break;
    pairs.erase(first, pairs.end());
    found.push_back(std::move(some));
  }
  const std::size_t left = std::min(pairs.size(), rules_.pairs_max);
  for (std::size_t at = 0; at < left; ++at) {
    found.push_back(explain_by(
        view_, {.type = Type::kNodePair, .first = pairs[at].low, .second = pairs[at].high}, bad_,
        std::move(pairs[at].members)));
  }
}

std::vector<Cover::Pair> Cover::pairs_left() const {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> items;
  for (std::uint32_t member = 0; member < bad_.size(); ++member) {
    const Observation& seen = bad_[member];
    if (covered_[member] != 0 || view_.now - seen.since < rules_.settle) continue;
    const std::uint64_t low = std::min(seen.tail, seen.head);
    items.emplace_back(low << 32U | std::max(seen.tail, seen.head), member);
  }
  std::sort(items.begin(), items.end());
  std::vector<Pair> pairs;
  for (std::size_t at = 0; at < items.size(); ++at) {
    if (at == 0 || items[at].first != items[at - 1].first) {
      pairs.push_back({.low = static_cast<Index>(items[at].first >> 32U),
                       .high = static_cast<Index>(items[at].first & 0xffffffffU),
                       .members = {}});
    }
    pairs.back().members.push_back(items[at].second);
  }
  return pairs;
}

}  // namespace meshcheck::verdict
