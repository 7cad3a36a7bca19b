#include "mesh/verdict/tallies.h"

#include <algorithm>

#include "mesh/verdict/evidence.h"

namespace meshcheck::verdict {
namespace {

void add_up(Tallies::Count& sum, const Tallies::Count& more) {
  sum.known += more.known;
  sum.bad += more.bad;
  sum.covered += more.covered;
}

}  // namespace

Tallies::Tallies(const View& view, bool directed)
    : view_(view),
      directed_(directed),
      zone_count_(view.zones.size() <= Evidence::kZonesMax ? view.zones.size() : 0),
      nodes_(view.nodes.size()),
      zones_(zone_count_ * zone_count_) {}

template <typename Visit>
void Tallies::visit(const Observation& seen, const Visit& visit) {
  const std::size_t first = cell(seen, false);
  visit(all_[first]);
  visit(nodes_[seen.tail][first]);
  visit(nodes_[seen.head][cell(seen, directed_)]);
  if (zone_count_ == 0) return;
  Index tail = zone_of(seen.tail);
  Index head = zone_of(seen.head);
  if (tail == kNoIndex || head == kNoIndex) return;
  if (!directed_ && tail > head) std::swap(tail, head);
  visit(zones_[tail * zone_count_ + head][first]);
}

void Tallies::add(const Observation& seen, bool bad) {
  visit(seen, [bad](Count& count) {
    ++count.known;
    count.bad += bad ? 1 : 0;
  });
}

void Tallies::cover(const Observation& seen) {
  visit(seen, [](Count& count) { ++count.covered; });
}

Tallies::Tally Tallies::of(const Subject& subject) const {
  if (subject.type == Subject::Type::kAll) return all_;
  if (subject.type == Subject::Type::kNode) return nodes_[subject.first];
  Tally tally{};
  const auto add_pair = [&](Index zone, Index other) {
    for (std::size_t at = 0; at < kSecondWayBit; ++at) {
      add_up(tally[at], between(zone, other)[at]);
      // Not directed, all of a pair is in the lower one's row.
      add_up(tally[at | (directed_ ? kSecondWayBit : 0U)], between(other, zone)[at]);
    }
  };
  if (subject.type == Subject::Type::kZonePair) {
    add_pair(subject.first, subject.second);
    return tally;
  }
  for (Index other = 0; other < zone_count_; ++other) {
    if (other != subject.first) add_pair(subject.first, other);
  }
  return tally;
}

bool Tallies::is_fine(const Tally& tally) {
  return std::all_of(tally.begin(), tally.end(),
                     [](const Count& count) { return count.bad == count.covered; });
}

bool Tallies::is_unseen(const Tally& tally) {
  return std::all_of(tally.begin(), tally.end(),
                     [](const Count& count) { return count.known == 0; });
}

}  // namespace meshcheck::verdict
