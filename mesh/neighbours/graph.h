// The peers of each slot in one epoch: a directed graph in which every living slot has `degree`
// peers and is the peer of `degree` others, also while slots fall empty and are filled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lib/base/random.h"
#include "mesh/neighbours/offsets.h"

namespace meshcheck::mesh {

// At the start of an epoch each living slot s has the peers s + offset ("regular" arcs). An arc
// from or to an empty slot is impossible: its loose end is tied to another loose end ("repair"
// arcs). Where a loose end finds only itself or its peers among the others, an arc a->b elsewhere
// is cut and both ends are tied to it. A repair arc is cut if one serves, else a regular one, whose
// pair then misses its turn in this epoch (`displaced`).
//
// Such an arc exists. At most degree^2 arcs point to peers of the loose tail and at most degree^2
// come from slots that probe the loose head; the others serve. Therefore the caller keeps living *
// 7/8 > 2 * degree, and begins no epoch with more than living / 8 empty slots. No I/O, no names;
// one thread at a time. Memory: living * degree slots.
class Graph {
 public:
  explicit Graph(std::size_t degree) : degree_(degree) {}

  // A new epoch on a ring of living.size() slots.
  void begin(const std::vector<bool>& living, std::vector<Slot> offsets, std::uint64_t seed);

  // Both return the slots whose peers changed, other than `slot` itself, possibly repeated: at
  // most 2 * degree for remove() and degree for insert(). A slot beyond the last grows the graph.
  std::vector<Slot> remove(Slot slot);
  std::vector<Slot> insert(Slot slot);

  // Empty for an empty slot.
  std::span<const Slot> peers(Slot slot) const { return rows_[slot]; }

  // Pairs of living nodes that lost this epoch's turn to a repair.
  std::size_t displaced() const { return displaced_; }

 private:
  struct LooseEnds {
    std::vector<Slot> tails;  // Lack a peer.
    std::vector<Slot> heads;  // Lack a slot that probes them.
  };
  struct Gap {
    Slot tail;
    Slot head;
  };
  bool has(Slot from, Slot to) const;
  bool may_add(Slot from, Slot to) const { return from != to && !has(from, to); }
  bool regular(Slot from, Slot to) const;
  void tie(LooseEnds ends, std::vector<Slot>& changed);
  // Cuts one arc a->b, adds a->head and tail->b, and returns a; nothing if no such arc serves.
  std::optional<Slot> splice(Gap gap, bool regular_too);
  bool splice_in_row(Slot row, Gap gap, bool regular_too);

  std::size_t degree_;
  std::size_t ring_ = 0;
  std::size_t displaced_ = 0;
  Random random_{0};
  std::vector<Slot> offsets_;
  std::vector<bool> is_offset_;
  std::vector<std::vector<Slot>> rows_;
};

}  // namespace meshcheck::mesh
