// For the tests of this folder: clusters, and the promises as checks.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "mesh/neighbours/neighbours.h"

namespace meshcheck::mesh::testing {

inline Neighbours::Node node_of(std::size_t number, const std::string& zone) {
  return {"node" + std::to_string(number), zone};
}

// How `count` nodes lie in zones, from all in one to each in its own.
enum class Zones { kOne, kTwo, kThree, kLopsided, kLonely, kPairs, kEach };
inline constexpr Zones kAllZones[] = {Zones::kOne,      Zones::kTwo,    Zones::kThree,
                                      Zones::kLopsided, Zones::kLonely, Zones::kPairs,
                                      Zones::kEach};

inline std::string zone_of(Zones zones, std::size_t number) {
  switch (zones) {
    case Zones::kOne:
      return "a";
    case Zones::kTwo:
      return number % 2 == 0 ? "a" : "b";
    case Zones::kThree:
      return std::string(1, static_cast<char>('a' + number % 3));
    case Zones::kLopsided:  // Most in one, 1 % in another, four in a third.
      return number < 4 ? "few" : number % 100 == 7 ? "some" : "most";
    case Zones::kLonely:
      return number == 0 ? "lonely" : "most";
    case Zones::kPairs:
      return std::to_string(number / 2);
    case Zones::kEach:
      return std::to_string(number);
  }
  return {};
}

inline std::vector<Neighbours::Node> cluster(std::size_t count, Zones zones) {
  std::vector<Neighbours::Node> nodes;
  nodes.reserve(count);
  for (std::size_t number = 0; number < count; ++number) {
    nodes.push_back(node_of(number, zone_of(zones, number)));
  }
  return nodes;
}

// Peers by slot, none for empty slots; the additional peers of zones, if any, are at the end.
using Rows = std::vector<std::vector<Slot>>;

inline Rows rows_of(const Neighbours& neighbours) {
  Rows rows;
  for (const Slot slot : neighbours.living()) {
    rows.resize(slot + std::size_t{1});
    rows[slot] = neighbours.peers(slot);
  }
  return rows;
}

struct Tally {
  std::size_t zone = 0;
  std::size_t in = 0;
  std::size_t more_in = 0;
  Slot last_seen_from = ~Slot{0};
};

// Checks promises 1 and 3 and the bounds of the additional peers; returns the number of these.
inline std::size_t check_promises(const Neighbours& neighbours, std::size_t degree = 20) {
  const std::vector<Slot> living = neighbours.living();
  const std::size_t count = living.size();
  EXPECT_EQ(count, neighbours.size());
  const std::size_t expected =
      neighbours.full_mesh() ? count - std::min<std::size_t>(count, 1) : degree;
  const std::size_t slots = count == 0 ? 0 : living.back() + std::size_t{1};
  std::vector<Tally> tallies(slots);
  std::vector<std::size_t> zone_sizes;
  std::map<std::string, std::size_t> zone_numbers;
  for (const Slot slot : living) {
    const auto named = zone_numbers.emplace(neighbours.node(slot).zone, zone_numbers.size()).first;
    tallies[slot].zone = named->second;
    zone_sizes.resize(zone_numbers.size());
    ++zone_sizes[named->second];
  }
  std::size_t all_more = 0;
  for (const Slot slot : living) {
    const std::vector<Slot> peers = neighbours.peers(slot);
    const auto more = neighbours.zone_peer_of(slot);
    if (peers.size() != expected + (more ? 1U : 0U)) {
      ADD_FAILURE() << slot << " has " << peers.size() << " peers";
    }
    const std::size_t zone = tallies[slot].zone;
    std::size_t own = 0;
    for (const Slot peer : peers) {
      if (peer >= slots || peer == slot || tallies[peer].last_seen_from == slot) {
        ADD_FAILURE() << slot << " -> " << peer;
        return all_more;
      }
      Tally& tally = tallies[peer];
      tally.last_seen_from = slot;
      ++tally.in;
      own += tally.zone == zone ? 1U : 0U;
    }
    if (more) {
      ++all_more;
      ++tallies[*more].more_in;
      --tallies[*more].in;
    }
    if ((own == 0 && zone_sizes[zone] > 1) || (own == peers.size() && zone_sizes.size() > 1)) {
      ADD_FAILURE() << slot << " has " << own << " of " << peers.size() << " in its own zone";
    }
  }
  const std::size_t largest =
      count == 0 ? 0 : *std::max_element(zone_sizes.begin(), zone_sizes.end());
  const std::size_t more_max = largest == count ? 2 : 3 + (count - 1) / (count - largest);
  for (const Slot slot : living) {
    const Tally& tally = tallies[slot];
    if (tally.in != expected || tally.more_in > more_max) {
      ADD_FAILURE() << slot << " is the peer of " << tally.in << " and " << tally.more_in;
    }
  }
  return all_more;
}

// Which ordered pairs of names were probed at the end of an epoch.
class Coverage {
 public:
  explicit Coverage(std::size_t names) : names_(names), probed_(names * names) {}
  void add(const Neighbours& neighbours) {
    for (const Slot slot : neighbours.living()) {
      for (const Slot peer : neighbours.peers(slot)) {
        probed_[number(neighbours, slot) * names_ + number(neighbours, peer)] = true;
      }
    }
  }
  bool probed(std::size_t from, std::size_t to) const { return probed_[from * names_ + to]; }
  std::size_t pairs() const {
    return static_cast<std::size_t>(std::count(probed_.begin(), probed_.end(), true));
  }

 private:
  static std::size_t number(const Neighbours& neighbours, Slot slot) {
    return std::stoul(neighbours.node(slot).name.substr(4));
  }
  std::size_t names_;
  std::vector<bool> probed_;
};

}  // namespace meshcheck::mesh::testing
