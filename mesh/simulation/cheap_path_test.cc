// The simulator's path is in the states that the agents' own would be in.
#include "mesh/simulation/cheap_path.h"

#include <gtest/gtest.h>

#include "lib/base/random.h"

namespace meshcheck::verdict::simulation {
namespace {

// Probes both paths alike: at each second an overdue one is lost, then another leaves and may be
// answered at once.
class Both {
 public:
  explicit Both(std::uint64_t seed) : random_(seed), real_({}, at(0)), cheap_(0) {}

  void second(double loss) {
    for (Tick tick = 1; tick < kSecond; ++tick) real_.tick(at(now_ - kSecond + tick));
    real_.tick(at(now_));
    cheap_.turn(now_, pending_);
    if (pending_) cheap_.lost(now_, true);
    real_.sent(sequence_, at(now_));
    pending_ = static_cast<double>(random_.below(1'000'000)) < loss * 1e6;
    if (!pending_) {
      const std::uint32_t time = 200 + static_cast<std::uint32_t>(random_.below(400));
      real_.answered({.sequence = sequence_,
                      .elapsed = std::chrono::microseconds(time),
                      .round_trip = std::chrono::microseconds(time),
                      .forward_delay = {},
                      .backward_delay = {}},
                     at(now_));
      cheap_.answered(now_, time);
    }
    ++sequence_;
    now_ += kSecond;
  }
  static Clock::time_point at(Tick tick) {
    return Clock::time_point(std::chrono::hours(1)) + tick * kTick;
  }
  mesh::PathSummary real() const { return real_.summary(at(now_ - kSecond)); }
  const CheapPath& cheap() const { return cheap_; }
  mesh::PathState state() const { return real_.state(); }

 private:
  Random random_;
  mesh::Path real_;
  CheapPath cheap_;
  Tick now_ = 0;
  std::uint64_t sequence_ = 0;
  bool pending_ = false;
};

TEST(CheapPathTest, IsInTheStateOfARealPathWhateverIsLost) {
  for (const double loss : {0.0, 0.01, 0.03, 0.05, 0.1, 0.3, 0.6, 1.0}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Both both(seed);
      for (int second = 0; second < 600; ++second) {
        // An outage now and then, and calm after it.
        const int phase = second % 200;
        both.second(phase >= 150 && phase < 160 ? 1.0 : phase >= 160 ? 0.0 : loss);
        ASSERT_EQ(both.cheap().state(), both.state())
            << "loss " << loss << " seed " << seed << " second " << second;
      }
    }
  }
}

TEST(CheapPathTest, CountsAndTimesAsARealPathDoes) {
  Both both(7);
  for (int second = 0; second < 300; ++second) {
    both.second(0.1);
    const mesh::PathSummary real = both.real();
    if (second < 70 || !real.round_trips) continue;
    EXPECT_NEAR(both.cheap().lost_count(), real.lost, 1);
    const double median = static_cast<double>(real.round_trips->p50.count());
    EXPECT_NEAR(both.cheap().times().p50_us, median, 0.1 * median);
  }
}

}  // namespace
}  // namespace meshcheck::verdict::simulation
