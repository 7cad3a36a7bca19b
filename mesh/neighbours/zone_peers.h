// The additional peer of a node whose peers are all in its own zone, or all elsewhere.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/neighbours/offsets.h"

namespace meshcheck::mesh {

// A node with a peer cannot lack both kinds, so one additional peer is enough. It is the node that
// has been chosen least often for the same reason. So with N nodes, z of them in the largest zone,
// no node is chosen by more than 2 of its own zone and 1 + (N - 1) / (N - z) of others. A chosen
// node stays chosen while needed. One thread at a time; memory: a few words a node.
class ZonePeers {
 public:
  void clear(std::size_t slots);

  // Returns the slots that have to be settled again: the one that was alone in `zone`, or all
  // others if there was one zone only.
  std::vector<Slot> insert(Slot slot, std::string_view zone);
  // Returns the slots that had it as additional peer.
  std::vector<Slot> remove(Slot slot);

  // Decides anew for `slot`, whose other peers are `peers`.
  void settle(Slot slot, std::span<const Slot> peers);

  std::optional<Slot> peer(Slot slot) const { return places_[slot].peer; }

 private:
  enum Kind { kOwn, kForeign };
  struct Place {
    std::size_t zone = 0;
    std::optional<Slot> peer;
    std::array<std::size_t, 2> load{};  // Of each kind: how many slots chose this one.
  };
  Kind kind(Slot from, Slot to) const {
    return places_[from].zone == places_[to].zone ? kOwn : kForeign;
  }
  std::optional<Kind> lack(Slot slot, std::span<const Slot> peers) const;
  std::optional<Slot> least_loaded(Slot slot, Kind kind) const;
  void drop(Slot slot);

  std::vector<Place> places_;
  std::map<std::string, std::size_t, std::less<>> zone_of_name_;
  std::vector<std::vector<Slot>> members_;  // By zone.
  std::size_t zones_living_ = 0;
};

}  // namespace meshcheck::mesh
