#include "mesh/pmtu/search_sizes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>

#include "mesh/pmtu/likely_sizes.h"

namespace meshcheck::mesh {
namespace {

// What to try between two edges, each size once.
class Candidates {
 public:
  Candidates(std::uint16_t low, std::uint16_t bound) : low_(low), bound_(bound) {}

  // Only sizes up to the bound, which may itself be tried again.
  void add(std::size_t size) {
    if (size <= low_ || size > bound_ || places() == 0) return;
    const auto wanted = static_cast<std::uint16_t>(size);
    if (std::find(sizes_.begin(), end(), wanted) == end()) sizes_[count_++] = wanted;
  }
  void add_likely() {
    const auto* const first = std::upper_bound(kLikelySizes.begin(), kLikelySizes.end(), low_);
    const auto* const last = std::lower_bound(first, kLikelySizes.end(), bound_);
    const auto likely = static_cast<std::size_t>(last - first);
    const std::size_t wanted = std::min(likely, places());
    for (std::size_t i = 0; i < wanted; ++i) add(first[(2 * i + 1) * likely / (2 * wanted)]);
  }
  void add_evenly() {
    const std::size_t steps = places() + 1;
    for (std::size_t i = 1; i < steps; ++i) add(low_ + (bound_ - low_) * i / steps);
  }
  // Largest first: the first answer makes the rest unnecessary.
  void move_to(ProbeRound& round) {
    std::sort(sizes_.begin(), end(), std::greater<>());
    std::for_each(sizes_.begin(), end(), [&](std::uint16_t size) { round.add(size); });
  }

 private:
  using Sizes = std::array<std::uint16_t, ProbeRound::kSizesMax>;
  Sizes::iterator end() { return sizes_.begin() + static_cast<std::ptrdiff_t>(count_); }
  std::size_t places() const { return sizes_.size() - count_; }

  std::uint16_t low_;
  std::uint16_t bound_;
  Sizes sizes_{};
  std::size_t count_ = 0;
};

}  // namespace

void add_search_sizes(ProbeRound& round, const SearchRange& range) {
  const auto [low, high, size_max, hint] = range;
  const auto bound = high != 0 ? high : static_cast<std::uint16_t>(size_max + 1U);
  Candidates candidates(low, high != 0 ? high : size_max);
  if (hint > low && hint < bound) {
    candidates.add(high);
    candidates.add(hint + 1U);
    candidates.add(hint);
  } else {
    candidates.add(bound - (high != 0 ? 0U : 1U));
    candidates.add(low + 1U);  // Where `low` is a likely size, this is the edge.
    candidates.add_likely();
    candidates.add_evenly();
  }
  candidates.move_to(round);
}

}  // namespace meshcheck::mesh
