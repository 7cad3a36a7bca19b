// How many instances belong into which zone.
#pragma once

#include <cstddef>
#include <vector>

namespace meshcheck::rescheduling {

// In turn each zone gets one, but no more than its share of the nodes would have: every round takes
// from each zone as many nodes as the smallest remaining zone has, and a zone without nodes left
// waits until all are even. So {10, 1, 1} nodes and five instances are {3, 1, 1}. The sum is
// `instances` unless there is no zone.
std::vector<std::size_t> spread(std::size_t instances, std::vector<std::size_t> nodes_per_zone);

}  // namespace meshcheck::rescheduling
