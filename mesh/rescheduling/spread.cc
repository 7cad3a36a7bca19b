#include "mesh/rescheduling/spread.h"

#include <algorithm>

namespace meshcheck::rescheduling {
namespace {

// Of those that are left; 0 if none is.
std::size_t smallest(const std::vector<std::size_t>& left) {
  std::size_t least = 0;
  for (const std::size_t nodes : left) {
    if (nodes > 0 && (least == 0 || nodes < least)) least = nodes;
  }
  return least;
}

}  // namespace

std::vector<std::size_t> spread(std::size_t instances, std::vector<std::size_t> left) {
  std::vector<std::size_t> wanted(left.size(), 0);
  if (left.empty()) return wanted;
  while (instances > 0) {
    const bool even =
        std::adjacent_find(left.begin(), left.end(), std::not_equal_to<>()) == left.end();
    const std::size_t step = smallest(left);
    for (std::size_t zone = 0; zone < left.size() && instances > 0; ++zone) {
      if (left[zone] == 0 && !even) continue;
      left[zone] -= std::min(left[zone], step);
      ++wanted[zone];
      --instances;
    }
  }
  return wanted;
}

}  // namespace meshcheck::rescheduling
