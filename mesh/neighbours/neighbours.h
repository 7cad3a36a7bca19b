// The peers of each node in this epoch. doc/internals/neighbours.md has the method and why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/neighbours/graph.h"
#include "mesh/neighbours/zone_peers.h"

namespace meshcheck::mesh {

// Up to `full_mesh_max` nodes, every node probes all others. Beyond, at any time and with N nodes:
//
//  1. Each node has `degree` peers and is the peer of `degree` nodes, exactly; nobody is its own
//     peer, none is there twice.
//  2. Each ordered pair is probed within any epochs_to_cover() epochs in a row without a change;
//     these are ceil((N-1)/degree) if no slot is empty, and at most ceil(9N/8 / degree), by the N
//     at the epoch's begin.
//  3. Each node has a peer in its own zone and one elsewhere, if there are such nodes.
//  4. A leaving node changes the peers of at most 2 * degree others and a joining one of `degree`.
//
// Where two of these conflict, the first one named yields:
//
//  - 1 to 3: a node whose `degree` peers are all of one kind gets one more. None does on a ring
//    without empty slots if each zone has more than E = epochs_to_cover() nodes and E nodes are
//    outside of it. `zone_peer_of()` tells; with z nodes in the largest zone a node is the
//    additional peer of at most 3 + (N-1) / (N-z), the N and z of when it was chosen.
//  - 4 to 3: nodes that had the leaver as additional peer get another one, the node that was alone
//    in the joiner's zone may get one, and when a second zone appears or goes, all others change.
//  - 2 to 1 and 4: `displaced()` pairs miss their turn of an epoch. A joiner cuts up to `degree`
//    and has its own turns from the next epoch on.
//  - 2 to the slots' bound: begin_epoch() lays the ring out anew, and the count of 2 starts again,
//    when a joiner found no empty slot, when over 1/8 of N are empty, or when some are and nothing
//    changed for epochs_to_cover() epochs. The first two come at most once in N/20 changes each,
//    unless the last came in between.
//  - 4 to the threshold: passing `full_mesh_max` either way changes all nodes' peers.
//
// Equal calls give equal answers on every platform. One thread at a time; a few hundred bytes a
// node. No clock: the caller begins epochs. A new epoch costs O(N * degree), a change O(N * degree)
// looks and O(degree) writes, peers() O(degree).
class Neighbours {
 public:
  struct Options {
    std::uint64_t seed = 0;
    std::size_t degree = 20;
    std::size_t full_mesh_max = 50;  // At least 2.5 * degree, on which Graph's proof rests.
  };
  struct Node {
    std::string name;
    std::string zone;  // "" is a zone like any other.
  };

  // Names that are there already are left out. The order of `nodes` makes no difference.
  Neighbours(Options options, std::vector<Node> nodes, std::uint64_t epoch);

  // Gives all nodes new peers. Epochs usually count up by one; coverage follows the number.
  void begin_epoch(std::uint64_t epoch);

  bool join(Node node);               // False if the name is there.
  bool leave(std::string_view name);  // False if it is not.

  std::size_t size() const { return slot_of_name_.size(); }
  bool full_mesh() const { return size() <= options_.full_mesh_max; }
  // A node keeps its slot until it leaves or an epoch begins.
  std::optional<Slot> find(std::string_view name) const;
  std::vector<Slot> living() const;
  const Node& node(Slot slot) const;
  std::vector<Slot> peers(Slot slot) const;
  std::optional<Slot> zone_peer_of(Slot slot) const;

  std::size_t epochs_to_cover() const;
  std::size_t displaced() const { return full_mesh() ? 0 : graph_.displaced(); }

 private:
  struct Place {
    std::optional<Node> node;
    std::string zone;  // Of the last node here, so that zones stay in one piece.
  };
  void refresh_layout();
  void lay_out(std::size_t spare);
  void begin_graph();
  void settle(const std::vector<Slot>& slots);
  Slot empty_slot(const std::string& zone) const;

  Options options_;
  std::uint64_t epoch_ = 0;
  std::uint64_t epochs_unchanged_ = 0;
  std::size_t ring_ = 0;  // Slots beyond are lent until the next epoch.
  std::vector<Place> places_;
  std::map<std::string, Slot, std::less<>> slot_of_name_;
  Graph graph_;
  ZonePeers zone_peers_;
};

}  // namespace meshcheck::mesh
