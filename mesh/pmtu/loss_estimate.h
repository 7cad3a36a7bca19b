// How likely a probe gets lost by chance, and how many losses in a row rule that out.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>

namespace meshcheck::mesh {

// Counts the answers and losses of probes whose size turned out to pass. Covers about the last 64.
// Two bytes; plain value.
class LossEstimate {
 public:
  void answered() { add(answered_, 1); }
  void lost(unsigned count = 1) { add(lost_, count); }

  // Leans towards loss while few probes were counted: 2/3 after none, 1/6 after nine of nine.
  double share() const { return (lost_ + 2.0) / (answered_ + lost_ + 3.0); }
  // Leans half as far: 1/2 after none, 1/11 after nine of nine.
  double likely_share() const { return (lost_ + 1.0) / (answered_ + lost_ + 2.0); }

  // Returns the number of losses in a row that chance explains with a probability of at most
  // `doubt`, when each probe is lost with probability `share`.
  static unsigned losses_needed(double share, double doubt) {
    assert(share > 0 && share < 1 && doubt > 0 && doubt < 1);
    constexpr double kLossesMax = 60;
    return static_cast<unsigned>(
        std::min(kLossesMax, std::ceil(std::log(doubt) / std::log(share))));
  }

 private:
  static constexpr unsigned kCountsMax = 64;

  void add(std::uint8_t& counter, unsigned count) {
    counter = static_cast<std::uint8_t>(counter + std::min(count, kCountsMax));
    while (answered_ + lost_ > kCountsMax) {
      answered_ /= 2;
      lost_ /= 2;
    }
  }

  std::uint8_t answered_ = 0;
  std::uint8_t lost_ = 0;
};

}  // namespace meshcheck::mesh
