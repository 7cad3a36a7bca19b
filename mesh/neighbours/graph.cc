#include "mesh/neighbours/graph.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace meshcheck::mesh {

void Graph::begin(const std::vector<bool>& living, std::vector<Slot> offsets, std::uint64_t seed) {
  assert(offsets.size() == degree_);
  ring_ = living.size();
  displaced_ = 0;
  random_ = Random(seed);
  offsets_ = std::move(offsets);
  is_offset_.assign(ring_, false);
  for (const Slot offset : offsets_) {
    is_offset_[offset] = true;
  }
  rows_.resize(ring_);
  LooseEnds ends;
  for (std::size_t from = 0; from < ring_; ++from) {
    std::vector<Slot>& row = rows_[from];
    row.clear();
    row.reserve(degree_);
    for (const Slot offset : offsets_) {
      const std::size_t sum = from + offset;
      const auto to = static_cast<Slot>(sum < ring_ ? sum : sum - ring_);
      if (living[from] && living[to]) {
        row.push_back(to);
      } else if (living[from]) {
        ends.tails.push_back(static_cast<Slot>(from));
      } else if (living[to]) {
        ends.heads.push_back(to);
      }
    }
  }
  std::vector<Slot> changed;
  tie(std::move(ends), changed);
}

std::vector<Slot> Graph::remove(Slot slot) {
  LooseEnds ends;
  ends.heads = std::exchange(rows_[slot], {});
  for (std::size_t from = 0; from < rows_.size(); ++from) {
    std::vector<Slot>& row = rows_[from];
    const auto found = std::find(row.begin(), row.end(), slot);
    if (found != row.end()) {
      row.erase(found);
      ends.tails.push_back(static_cast<Slot>(from));
    }
  }
  std::vector<Slot> changed = ends.tails;
  tie(std::move(ends), changed);
  return changed;
}

std::vector<Slot> Graph::insert(Slot slot) {
  if (slot >= rows_.size()) {
    rows_.resize(slot + std::size_t{1});
  }
  assert(rows_[slot].empty());
  std::vector<Slot> changed;
  bool regular_too = false;  // Once no repair arc serves, none will: look no more.
  while (changed.size() < degree_) {
    if (const std::optional<Slot> cut = splice({slot, slot}, regular_too)) {
      changed.push_back(*cut);
    } else {
      assert(!regular_too && "some arc can always be cut");
      regular_too = true;
    }
  }
  return changed;
}

bool Graph::has(Slot from, Slot to) const {
  const std::vector<Slot>& row = rows_[from];
  return std::find(row.begin(), row.end(), to) != row.end();
}

bool Graph::regular(Slot from, Slot to) const {
  if (from >= ring_ || to >= ring_) {
    return false;
  }
  return is_offset_[to >= from ? to - from : to + ring_ - from];
}

void Graph::tie(LooseEnds ends, std::vector<Slot>& changed) {
  assert(ends.tails.size() == ends.heads.size());
  random_.shuffle(ends.heads);
  std::vector<Slot> stuck;
  for (const Slot tail : ends.tails) {
    const auto head = std::find_if(ends.heads.rbegin(), ends.heads.rend(),
                                   [&](Slot to) { return may_add(tail, to); });
    if (head == ends.heads.rend()) {
      stuck.push_back(tail);
      continue;
    }
    rows_[tail].push_back(*head);
    *head = ends.heads.back();
    ends.heads.pop_back();
  }
  for (const Slot tail : stuck) {
    const Gap gap{tail, ends.heads.back()};
    std::optional<Slot> cut = splice(gap, false);
    cut = cut ? cut : splice(gap, true);
    assert(cut && "some arc can always be cut");
    changed.push_back(*cut);
    ends.heads.pop_back();
  }
}

std::optional<Slot> Graph::splice(Gap gap, bool regular_too) {
  const std::size_t start = random_.below(rows_.size());
  for (std::size_t step = 0; step < rows_.size(); ++step) {
    const auto row = static_cast<Slot>((start + step) % rows_.size());
    if (splice_in_row(row, gap, regular_too)) {
      return row;
    }
  }
  return std::nullopt;
}

bool Graph::splice_in_row(Slot row, Gap gap, bool regular_too) {
  if (!may_add(row, gap.head)) {
    return false;
  }
  for (Slot& peer : rows_[row]) {
    const bool is_regular = regular(row, peer);
    if ((is_regular && !regular_too) || row == gap.tail || !may_add(gap.tail, peer)) {
      continue;
    }
    displaced_ += is_regular ? 1U : 0U;
    rows_[gap.tail].push_back(std::exchange(peer, gap.head));
    return true;
  }
  return false;
}

}  // namespace meshcheck::mesh
