#include "mesh/neighbours/neighbours.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <span>
#include <utility>

#include "lib/base/random.h"

namespace meshcheck::mesh {
namespace {

// Distinct streams of random numbers from one seed.
enum Stream : std::uint64_t { kZoneOrder = 1, kNodeOrder, kTurns, kRepairs };

std::uint64_t stream(std::uint64_t seed, Stream which, std::uint64_t number = 0) {
  return Random(Random(Random(seed).next() + which).next() + number).next();
}

}  // namespace

Neighbours::Neighbours(Options options, std::vector<Node> nodes, std::uint64_t epoch)
    : options_(options), epoch_(epoch), graph_(options.degree) {
  assert(options.degree > 0);
  assert(2 * options.full_mesh_max >= 5 * options.degree);
  for (Node& node : nodes) {
    const auto slot = static_cast<Slot>(places_.size());
    if (slot_of_name_.emplace(node.name, slot).second) {
      std::string zone = node.zone;
      places_.push_back({std::move(node), std::move(zone)});
    }
  }
  lay_out(0);
  begin_graph();
}

void Neighbours::begin_epoch(std::uint64_t epoch) {
  epoch_ = epoch;
  ++epochs_unchanged_;
  refresh_layout();
  begin_graph();
}

bool Neighbours::join(Node node) {
  if (slot_of_name_.contains(node.name)) {
    return false;
  }
  const bool was_full_mesh = full_mesh();
  epochs_unchanged_ = 0;
  const Slot slot = empty_slot(node.zone);
  if (slot == places_.size()) {
    places_.emplace_back();
  }
  slot_of_name_.emplace(node.name, slot);
  Place& place = places_[slot];
  place.zone = node.zone;
  place.node = std::move(node);
  if (full_mesh()) {
    return true;
  }
  if (was_full_mesh) {
    lay_out(0);
    begin_graph();
    return true;
  }
  const std::vector<Slot> concerned = zone_peers_.insert(slot, place.zone);
  std::vector<Slot> changed = graph_.insert(slot);
  changed.push_back(slot);
  settle(changed);
  settle(concerned);
  return true;
}

bool Neighbours::leave(std::string_view name) {
  const auto found = slot_of_name_.find(name);
  if (found == slot_of_name_.end()) {
    return false;
  }
  const Slot slot = found->second;
  const bool was_full_mesh = full_mesh();
  epochs_unchanged_ = 0;
  slot_of_name_.erase(found);
  places_[slot].node.reset();
  if (was_full_mesh || full_mesh()) {
    return true;
  }
  const std::vector<Slot> concerned = zone_peers_.remove(slot);
  settle(graph_.remove(slot));
  settle(concerned);
  return true;
}

std::optional<Slot> Neighbours::find(std::string_view name) const {
  const auto found = slot_of_name_.find(name);
  return found == slot_of_name_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Slot> Neighbours::living() const {
  std::vector<Slot> result;
  result.reserve(size());
  for (std::size_t slot = 0; slot < places_.size(); ++slot) {
    if (places_[slot].node) {
      result.push_back(static_cast<Slot>(slot));
    }
  }
  return result;
}

const Neighbours::Node& Neighbours::node(Slot slot) const {
  assert(slot < places_.size() && places_[slot].node);
  return *places_[slot].node;
}

std::vector<Slot> Neighbours::peers(Slot slot) const {
  assert(slot < places_.size() && places_[slot].node);
  if (full_mesh()) {
    std::vector<Slot> others = living();
    others.erase(std::find(others.begin(), others.end(), slot));
    return others;
  }
  const std::span<const Slot> row = graph_.peers(slot);
  std::vector<Slot> result;
  result.reserve(row.size() + 1);
  result.assign(row.begin(), row.end());
  if (const std::optional<Slot> more = zone_peers_.peer(slot)) {
    result.push_back(*more);
  }
  return result;
}

std::optional<Slot> Neighbours::zone_peer_of(Slot slot) const {
  assert(slot < places_.size() && places_[slot].node);
  return full_mesh() ? std::nullopt : zone_peers_.peer(slot);
}

std::size_t Neighbours::epochs_to_cover() const {
  return full_mesh() ? 1 : mesh::epochs_to_cover(ring_, options_.degree);
}

void Neighbours::refresh_layout() {
  const std::size_t empty = places_.size() - size();
  const bool lent = places_.size() > ring_;
  if (lent || empty * 8 > size()) {
    lay_out(size() / 16);
  } else if (full_mesh() || (empty > 0 && epochs_unchanged_ > epochs_to_cover())) {
    lay_out(0);
  }
}

// Each zone in one piece, in an order that depends on the seed and the names alone, and the empty
// slots spread evenly.
void Neighbours::lay_out(std::size_t spare) {
  struct Key {
    std::uint64_t zone;
    std::uint64_t name;
    Node* node;
  };
  std::vector<Place> old = std::exchange(places_, {});
  std::vector<Key> keys;
  keys.reserve(size());
  const std::uint64_t zones_seed = stream(options_.seed, kZoneOrder);
  const std::uint64_t names_seed = stream(options_.seed, kNodeOrder);
  for (Place& place : old) {
    if (place.node) {
      keys.push_back(
          {hash(zones_seed, place.node->zone), hash(names_seed, place.node->name), &*place.node});
    }
  }
  std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) {
    if (a.zone != b.zone || a.node->zone != b.node->zone) {
      return a.zone != b.zone ? a.zone < b.zone : a.node->zone < b.node->zone;
    }
    return a.name != b.name ? a.name < b.name : a.node->name < b.node->name;
  });
  ring_ = keys.size() + spare;
  places_.resize(ring_);
  std::size_t slot = 0;
  for (std::size_t rank = 0; rank < keys.size(); ++rank) {
    const std::size_t next = (rank + 1) * ring_ / keys.size();
    slot_of_name_.find(keys[rank].node->name)->second = static_cast<Slot>(slot);
    for (std::size_t filled = slot; filled < next; ++filled) {
      places_[filled].zone = keys[rank].node->zone;
    }
    places_[slot].node = std::move(*keys[rank].node);
    slot = next;
  }
}

void Neighbours::begin_graph() {
  if (full_mesh()) {
    return;
  }
  const std::size_t turns = epochs_to_cover();
  std::vector<Slot> order(turns);
  std::iota(order.begin(), order.end(), Slot{0});
  Random(stream(options_.seed, kTurns)).shuffle(order);
  std::vector<bool> living(ring_);
  zone_peers_.clear(ring_);
  for (std::size_t slot = 0; slot < ring_; ++slot) {
    living[slot] = places_[slot].node.has_value();
    if (living[slot]) {
      zone_peers_.insert(static_cast<Slot>(slot), places_[slot].zone);
    }
  }
  graph_.begin(living, offsets(ring_, options_.degree, order[epoch_ % turns]),
               stream(options_.seed, kRepairs, epoch_));
  settle(this->living());
}

void Neighbours::settle(const std::vector<Slot>& slots) {
  for (const Slot slot : slots) {
    zone_peers_.settle(slot, graph_.peers(slot));
  }
}

Slot Neighbours::empty_slot(const std::string& zone) const {
  std::optional<std::size_t> any;
  for (std::size_t slot = 0; slot < places_.size(); ++slot) {
    if (places_[slot].node) {
      continue;
    }
    if (places_[slot].zone == zone) {
      return static_cast<Slot>(slot);
    }
    any = any.value_or(slot);
  }
  return static_cast<Slot>(any.value_or(places_.size()));
}

}  // namespace meshcheck::mesh
