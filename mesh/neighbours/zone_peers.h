// The one peer more of a node whose peers are all in its own zone, or all elsewhere.
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

// Who has a peer cannot lack both kinds, so one is enough. It goes to whom the fewest others were
// sent for the same reason, so with N nodes, z of them in the largest zone, nobody gets more than 2
// from its own zone and 1 + (N - 1) / (N - z) from others. One who was chosen stays chosen while
// needed. One thread at a time; memory: a few words a node.
class ZonePeers {
 public:
  void clear(std::size_t slots);

  // Returns whom others have to be settled again for: those who were alone in `zone`, or all others
  // if there was one zone only.
  std::vector<Slot> insert(Slot slot, std::string_view zone);
  // Returns who had it as the peer more.
  std::vector<Slot> remove(Slot slot);

  // Decides anew for `slot`, whose other peers are `peers`.
  void settle(Slot slot, std::span<const Slot> peers);

  std::optional<Slot> peer(Slot slot) const { return places_[slot].peer; }

 private:
  enum Kind { kOwn, kForeign };
  struct Place {
    std::size_t zone = 0;
    std::optional<Slot> peer;
    std::array<std::size_t, 2> load{};  // Of each kind: how many were sent here.
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
