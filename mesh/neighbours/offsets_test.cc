#include "mesh/neighbours/offsets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace meshcheck::mesh {
namespace {

constexpr std::size_t kDegree = 20;

TEST(OffsetsTest, CountEpochsAsTheCeiling) {
  EXPECT_EQ(epochs_to_cover(1, 20), 0U);
  EXPECT_EQ(epochs_to_cover(21, 20), 1U);
  EXPECT_EQ(epochs_to_cover(22, 20), 2U);
  EXPECT_EQ(epochs_to_cover(2000, 20), 100U);
}

TEST(OffsetsTest, TakeEveryDistanceInExactlyTheStatedTurnsForEveryRing) {
  for (std::size_t ring = kDegree + 1; ring <= 2300; ++ring) {
    std::vector<bool> taken(ring);
    const std::size_t turns = epochs_to_cover(ring, kDegree);
    for (std::size_t turn = 0; turn < turns; ++turn) {
      for (const Slot offset : offsets(ring, kDegree, turn)) {
        taken[offset] = true;
      }
    }
    ASSERT_EQ(std::count(taken.begin(), taken.end(), true), ring - 1) << "ring " << ring;
    ASSERT_FALSE(taken[0]) << "ring " << ring;
  }
}

// What the promises on degrees and zones rest on.
TEST(OffsetsTest, AreDistinctAndNoFurtherApartThanTheTurns) {
  for (std::size_t ring = kDegree + 1; ring <= 2300; ++ring) {
    const std::size_t turns = epochs_to_cover(ring, kDegree);
    for (std::size_t turn = 0; turn < turns; ++turn) {
      const std::vector<Slot> all = offsets(ring, kDegree, turn);
      ASSERT_EQ(all.size(), kDegree);
      ASSERT_LT(all.back(), ring);
      ASSERT_LE(all.front() + ring - all.back(), turns + 1) << ring << " turn " << turn;
      for (std::size_t i = 1; i < all.size(); ++i) {
        ASSERT_GT(all[i], all[i - 1]) << ring << " turn " << turn;
        ASSERT_LE(all[i] - all[i - 1], turns) << ring << " turn " << turn;
      }
    }
  }
}

}  // namespace
}  // namespace meshcheck::mesh
