// For the tests of path MTUs: rows of `mesh.mtu` made by hand.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "mesh/table/table_testing.h"

namespace meshcheck::mesh::testing {

// A class that has held for a minute, of a size that was confirmed two seconds ago.
inline PathMtu::Result way_of(FragmentationClass fragmentation_class,
                              std::optional<std::uint16_t> size, std::uint16_t link_mtu = 1500) {
  PathMtu::Result way;
  way.fragmentation_class = fragmentation_class;
  way.class_age = std::chrono::minutes(1);
  way.size = size;
  way.link_mtu = link_mtu;
  if (size) way.confirmed_age = std::chrono::seconds(2);
  way.fragments = FragmentsResult::kPassed;
  return way;
}

inline ReportPmtu mtu_to(std::string name, const PathMtu::Result& forward,
                         const PathMtu::Result& backward) {
  ReportPmtu mtu;
  mtu.to = std::move(name);
  mtu.family = PathFamily::kIpv4;
  mtu.ways = {forward, backward};
  return mtu;
}

}  // namespace meshcheck::mesh::testing
