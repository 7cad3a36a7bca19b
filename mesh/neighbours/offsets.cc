#include "mesh/neighbours/offsets.h"

#include <algorithm>
#include <cassert>

namespace meshcheck::mesh {

std::size_t epochs_to_cover(std::size_t ring, std::size_t degree) {
  assert(degree > 0);
  return ring < 2 ? 0 : (ring - 2 + degree) / degree;
}

std::vector<Slot> offsets(std::size_t ring, std::size_t degree, std::size_t turn) {
  assert(degree > 0 && degree < ring);
  assert(turn < epochs_to_cover(ring, degree));
  std::vector<Slot> result;
  result.reserve(degree);
  for (std::size_t stratum = 0; stratum < degree; ++stratum) {
    // The first stratum is the smallest and the last the largest, on which the proof rests.
    const std::size_t first = stratum * (ring - 1) / degree;
    const std::size_t size = (stratum + 1) * (ring - 1) / degree - first;
    result.push_back(static_cast<Slot>(1 + first + std::min(turn, size - 1)));
  }
  return result;
}

}  // namespace meshcheck::mesh
