#include "mesh/sla/timers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <random>

#include "mesh/sla/episode.h"

namespace meshcheck::sla {
namespace {

Timers seconds(int up, int down, int unknown) {
  using std::chrono::seconds;
  return {seconds(up), seconds(down), seconds(unknown)};
}

struct Vector {
  Timers a;
  Timers b;
  Timers best;
};

TEST(CombineTest, TakesTheBestResult) {
  const Vector vectors[] = {
      {seconds(20, 10, 0), seconds(25, 5, 0), seconds(25, 5, 0)},
      {seconds(10, 0, 20), seconds(0, 30, 0), seconds(10, 20, 0)},
      {seconds(0, 30, 0), seconds(0, 0, 30), seconds(0, 30, 0)},
      {seconds(15, 0, 0), seconds(0, 10, 5), seconds(15, 0, 0)},
      {seconds(30, 0, 0), seconds(0, 30, 0), seconds(30, 0, 0)},
      {seconds(0, 10, 0), seconds(20, 0, 0), seconds(20, 0, 0)},
      {seconds(5, 5, 10), seconds(8, 2, 0), seconds(8, 2, 10)},
  };
  for (const Vector& vector : vectors) {
    EXPECT_EQ(combine(vector.a, vector.b), vector.best) << &vector - vectors;
    EXPECT_EQ(combine(vector.b, vector.a), vector.best) << &vector - vectors;
  }
}

TEST(CombineTest, OfARollupAddsWhatItsEpisodesSay) {
  Timers sum = seconds(30, 0, 0);
  sum += seconds(20, 10, 0);
  const Timers rollup = combine({}, sum);
  EXPECT_EQ(rollup, seconds(50, 10, 0));
  EXPECT_EQ(kRollupLength - rollup.measured(), std::chrono::seconds(240));
  EXPECT_EQ(combine(rollup, sum), rollup);
}

// Any three times that fit into an episode.
class RandomTimers {
 public:
  explicit RandomTimers(std::uint32_t seed) : random_(seed) {}
  Timers next() {
    Milliseconds left = kEpisodeLength;
    const auto take = [&] {
      // Borders now and then, where rules break.
      const auto draw = random_() % 4;
      const Milliseconds part =
          draw == 0
              ? Milliseconds(0)
              : (draw == 1
                     ? left
                     : Milliseconds(static_cast<std::int64_t>(random_()) % (left.count() + 1)));
      left -= part;
      return part;
    };
    Milliseconds parts[3] = {take(), take(), take()};
    std::shuffle(std::begin(parts), std::end(parts), random_);
    return {parts[0], parts[1], parts[2]};
  }

 private:
  std::minstd_rand random_;
};

TEST(CombineTest, HoldsItsPropertiesWhateverTheTimesAre) {
  RandomTimers random(1);
  for (int round = 0; round < 100'000; ++round) {
    const Timers a = random.next();
    const Timers b = random.next();
    const Timers best = combine(a, b);
    ASSERT_EQ(best, combine(b, a)) << round;
    ASSERT_EQ(combine(a, a), a) << round;
    ASSERT_EQ(combine(best, a), best) << round;
    ASSERT_EQ(combine(a, {}), a) << round;
    // With what is without data it is the length of the episode, and neither view is lost.
    ASSERT_TRUE(fits(best, kEpisodeLength)) << round;
    ASSERT_EQ(best.measured(), std::max(a.measured(), b.measured())) << round;
    ASSERT_GE(best.up, std::max(a.up, b.up)) << round;
    // More up on one side is never less up, nor more down.
    const Timers better{a.up + a.down, Milliseconds(0), a.unknown};
    const Timers best_with_better = combine(better, b);
    ASSERT_GE(best_with_better.up, best.up) << round;
    ASSERT_LE(best_with_better.down, best.down) << round;
  }
}

TEST(FitsTest, RefusesWhatIsNegativeOrTooLong) {
  EXPECT_TRUE(fits(seconds(10, 10, 10), kEpisodeLength));
  EXPECT_FALSE(fits(seconds(10, 10, 11), kEpisodeLength));
  EXPECT_FALSE(fits(seconds(-1, 10, 10), kEpisodeLength));
  const Timers huge{Milliseconds::max(), Milliseconds::max(), Milliseconds(0)};
  EXPECT_FALSE(fits(huge, kEpisodeLength));
}

}  // namespace
}  // namespace meshcheck::sla
