// For filling a View: the usual round trips between two zones, for paths that are too new to have
// one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "mesh/verdict/view.h"

namespace meshcheck::verdict {

// With each epoch many pairs of nodes are new, and have no usual round trip of their own for a
// minute; the last known mean of other paths between the same zones stands in for it. Bounded by
// the zones.
class UsualTimes {
 public:
  static constexpr std::size_t kZonesMax = 64;

  // To be called with each view, when the rest of it is filled. Zones keep their places.
  void fill(View& view) {
    const std::size_t zones = view.zones.size();
    if (zones > kZonesMax) return;
    sums_.assign(2 * zones * zones, {});
    usual_us_.resize(sums_.size(), Path::kNoTime);
    for (const Path& path : view.paths) {
      if (path.relation != Relation::kPeer || path.usual_p50_us == Path::kNoTime) continue;
      const std::size_t place = view.place_between(path);
      if (place >= sums_.size()) continue;
      sums_[place].usual_us += path.usual_p50_us;
      ++sums_[place].paths;
    }
    for (std::size_t place = 0; place < sums_.size(); ++place) {
      const Sum& sum = sums_[place];
      if (sum.paths < kPathsMin) continue;
      usual_us_[place] = static_cast<std::uint32_t>(sum.usual_us / sum.paths);
    }
    view.usual_between_us = usual_us_;
  }

 private:
  static constexpr std::uint32_t kPathsMin = 4;
  struct Sum {
    std::uint64_t usual_us = 0;
    std::uint32_t paths = 0;
  };

  std::vector<Sum> sums_;
  std::vector<std::uint32_t> usual_us_;
};

}  // namespace meshcheck::verdict
