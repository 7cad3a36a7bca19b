#include "mesh/table/pmtu_summary.h"

#include <algorithm>

namespace meshcheck::mesh {

void PmtuSummary::add(const PmtuWays& ways) {
  for (const PmtuWay* way : {&ways.forward, &ways.backward}) {
    ++classes[static_cast<std::size_t>(way->fragmentation_class)];
    if (!way->size) continue;
    size_min = std::min(size_min.value_or(*way->size), *way->size);
    size_max = std::max(size_max.value_or(*way->size), *way->size);
  }
  if (const auto& own = ways.forward.link_mtu) link_mtu = std::min(link_mtu.value_or(*own), *own);
}

}  // namespace meshcheck::mesh
