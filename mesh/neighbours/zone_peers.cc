#include "mesh/neighbours/zone_peers.h"

#include <algorithm>
#include <utility>

namespace meshcheck::mesh {

void ZonePeers::clear(std::size_t slots) {
  places_.assign(slots, Place{});
  zone_of_name_.clear();
  members_.clear();
  zones_living_ = 0;
}

std::vector<Slot> ZonePeers::insert(Slot slot, std::string_view zone) {
  if (slot >= places_.size()) {
    places_.resize(slot + std::size_t{1});
  }
  auto named = zone_of_name_.find(zone);
  if (named == zone_of_name_.end()) {
    named = zone_of_name_.emplace(zone, members_.size()).first;
    members_.emplace_back();
  }
  std::vector<Slot>& members = members_[named->second];
  std::vector<Slot> concerned;
  if (members.size() == 1) {
    concerned = members;
  }
  if (members.empty() && ++zones_living_ == 2) {
    concerned = *std::find_if(members_.begin(), members_.end(),
                              [](const auto& others) { return !others.empty(); });
  }
  places_[slot] = Place{};
  places_[slot].zone = named->second;
  members.push_back(slot);
  return concerned;
}

std::vector<Slot> ZonePeers::remove(Slot slot) {
  drop(slot);
  std::vector<Slot>& members = members_[places_[slot].zone];
  members.erase(std::find(members.begin(), members.end(), slot));
  zones_living_ -= members.empty() ? 1U : 0U;
  std::vector<Slot> concerned;
  for (std::size_t from = 0; from < places_.size(); ++from) {
    if (places_[from].peer == slot) {
      drop(static_cast<Slot>(from));
      concerned.push_back(static_cast<Slot>(from));
    }
  }
  return concerned;
}

void ZonePeers::settle(Slot slot, std::span<const Slot> peers) {
  const std::optional<Kind> lacking = lack(slot, peers);
  std::optional<Slot>& chosen = places_[slot].peer;
  if (chosen && lacking == kind(slot, *chosen)) {
    return;
  }
  drop(slot);
  if (lacking) {
    chosen = least_loaded(slot, *lacking);
  }
  if (chosen) {
    ++places_[*chosen].load[*lacking];
  }
}

std::optional<ZonePeers::Kind> ZonePeers::lack(Slot slot, std::span<const Slot> peers) const {
  const auto own = std::count_if(peers.begin(), peers.end(),
                                 [&](Slot peer) { return kind(slot, peer) == kOwn; });
  if (own == 0) {
    return kOwn;
  }
  if (std::cmp_equal(own, peers.size())) {
    return kForeign;
  }
  return std::nullopt;
}

std::optional<Slot> ZonePeers::least_loaded(Slot slot, Kind kind) const {
  const std::size_t own = places_[slot].zone;
  std::optional<Slot> best;
  const auto look_at = [&](std::size_t zone) {
    for (const Slot member : members_[zone]) {
      const std::size_t load = places_[member].load[kind];
      if (member != slot && (!best || load < places_[*best].load[kind])) {
        best = member;
      }
      if (best && places_[*best].load[kind] == 0) {
        return true;
      }
    }
    return false;
  };
  if (kind == kOwn) {
    look_at(own);
    return best;
  }
  for (std::size_t zone = 0; zone < members_.size(); ++zone) {
    if (zone != own && look_at(zone)) {
      break;
    }
  }
  return best;
}

void ZonePeers::drop(Slot slot) {
  std::optional<Slot>& chosen = places_[slot].peer;
  if (chosen) {
    --places_[*chosen].load[kind(slot, *chosen)];
    chosen.reset();
  }
}

}  // namespace meshcheck::mesh
