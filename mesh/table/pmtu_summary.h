// A summary of the sizes that the paths of a node carry, in one layer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "mesh/table/mesh_table.h"

namespace meshcheck::mesh {

inline constexpr std::size_t kFragmentationClasses = 7;
static_assert(static_cast<std::size_t>(FragmentationClass::kDown) == kFragmentationClasses - 1);

// Of the node's own paths to peers. Each path counts twice, as it has two directions.
struct PmtuSummary {
  static bool counts(const PathView& path) {
    return path.mtu != nullptr && path.row.relation == Relation::kPeer;
  }
  void add(const PmtuWays& ways);

  std::optional<std::uint16_t> size_min;  // Of both directions, where it is known.
  std::optional<std::uint16_t> size_max;
  std::optional<std::uint16_t> link_mtu;  // Its own; of several the smallest.
  std::array<std::uint32_t, kFragmentationClasses> classes{};
};

}  // namespace meshcheck::mesh
