// How far along the ring each node's peers are, epoch by epoch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace meshcheck::mesh {

// A place on the ring.
using Slot = std::uint32_t;

// Epochs until every distance 1 to ring - 1 had its turn: ceil((ring - 1) / degree).
std::size_t epochs_to_cover(std::size_t ring, std::size_t degree);

// The `degree` distances of one turn, rising; `turn` is below epochs_to_cover(), called E here.
// 1..ring-1 is cut into `degree` strata of E or E - 1 neighbouring distances, and each turn takes
// one from each. So
//  - the turns together take every distance (a stratum of E - 1 repeats one);
//  - two peers that follow each other are at most E apart, and the nearest peers before and behind
//    a node at most E + 1.
// Therefore, with each zone in one piece on the ring, a node has a peer in its own zone if that
// has more than E nodes, and one elsewhere if there are E nodes elsewhere.
// doc/internals/neighbours.md has the proof. 1 <= degree < ring.
std::vector<Slot> offsets(std::size_t ring, std::size_t degree, std::size_t turn);

}  // namespace meshcheck::mesh
