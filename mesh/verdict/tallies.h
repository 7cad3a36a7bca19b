// Counts of observations: of each node, between each two zones, and of all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "mesh/verdict/explanation.h"
#include "mesh/verdict/finding.h"
#include "mesh/verdict/view.h"

namespace meshcheck::verdict {

// An observation lies in one of eight cells, with a bit for each thing that a fault may spare:
//
//     bit 2: the second way    bit 1: IPv6    bit 0: the hosts' network
//
// A fault of pods spares hosts, one of IPv6 spares IPv4, and one of outgoing packets spares
// incoming ones. Counted together, such a fault would hide: where only the pods of a node fail,
// half of the node's observations are good, and three quarters are where only packets from its pods
// are lost. So a subject is rated cell by cell, and a mask holds the cells in which it fails. Of a
// node the first way goes out, since the node is the tail, and the second comes in; of a pair of
// zones the first leaves the subject's first zone. Undirected observations are all in the cells of
// the first way.
class Tallies {
 public:
  struct Count {
    std::uint32_t known = 0;
    std::uint32_t bad = 0;
    std::uint32_t covered = 0;  // Of `bad`, explained by subjects taken before.
  };
  static constexpr std::uint8_t kHostBit = 1;
  static constexpr std::uint8_t kIpv6Bit = 2;
  static constexpr std::uint8_t kSecondWayBit = 4;
  using Tally = std::array<Count, 8>;
  using Mask = std::uint8_t;  // Of cells.

  // `directed`: each observation is of one way only. `view` outlives it.
  Tallies(const View& view, bool directed);

  void add(const Observation& seen, bool bad);
  // A bad observation is explained, and counts for no other subject.
  void cover(const Observation& seen);

  const Tally& of_all() const { return all_; }
  const Tally& of_node(Index node) const { return nodes_[node]; }
  Tally of(const Subject& subject) const;
  // From zone to zone; if not directed, both ways are in the lower one's.
  const Tally& between(Index tail_zone, Index head_zone) const {
    return zones_[tail_zone * zone_count_ + head_zone];
  }
  std::size_t node_count() const { return nodes_.size(); }
  // 0: zones are not looked at.
  std::size_t zone_count() const { return zone_count_; }
  Index zone_of(Index node) const { return view_.nodes[node].zone; }

  // The cell in which the observation's tail counts it or, with `second_way`, its head.
  static std::size_t cell(const Observation& seen, bool second_way) {
    return (seen.layer == Layer::kHost ? kHostBit : 0U) | (seen.ipv6 ? kIpv6Bit : 0U) |
           (second_way ? kSecondWayBit : 0U);
  }
  // Whether all bad observations are covered.
  static bool is_fine(const Tally& tally);
  static bool is_unseen(const Tally& tally);

 private:
  template <typename Visit>
  void visit(const Observation& seen, const Visit& visit);

  const View& view_;
  bool directed_;
  std::size_t zone_count_;
  std::vector<Tally> nodes_;
  std::vector<Tally> zones_;
  Tally all_{};
};

}  // namespace meshcheck::verdict
