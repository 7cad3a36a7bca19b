#include "mesh/neighbours/neighbours.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "mesh/neighbours/neighbours_testing.h"

namespace meshcheck::mesh {
namespace {

using testing::check_promises;
using testing::cluster;
using testing::Coverage;
using testing::kAllZones;
using testing::Zones;

// Every N, each with one of ten seeds, as a server grows that began with an eighth less at most.
// That every *full* ring keeps the promises too, in every turn, is OffsetsTest's.
TEST(NeighboursTest, KeepsDegreesAndZonesForEverySize) {
  std::size_t count = 0;
  for (std::size_t round = 0; count <= 2000; ++round) {
    const Zones zones = kAllZones[round % std::size(kAllZones)];
    Neighbours neighbours({.seed = round % 10}, cluster(count, zones), round);
    check_promises(neighbours);
    for (const std::size_t end = count + 1 + count / 16; count < end; ++count) {
      if (count % 16 == 0) {
        neighbours.begin_epoch(count);
      }
      neighbours.join(testing::node_of(count, testing::zone_of(zones, count)));
      check_promises(neighbours);
    }
    ASSERT_FALSE(HasFailure()) << "nodes " << count;
  }
}

TEST(NeighboursTest, KeepsDegreesAndZonesOnFreshRingsOfManySizes) {
  for (std::size_t count = 0; count <= 2000; count += count < 130 ? 1 : 43) {
    const Zones zones = kAllZones[count % std::size(kAllZones)];
    check_promises(Neighbours({.seed = count % 10}, cluster(count, zones), count * 7));
    ASSERT_FALSE(HasFailure()) << "nodes " << count;
  }
}

TEST(NeighboursTest, KeepsDegreesAndZonesForTenSeedsAndAllKindsOfZones) {
  for (const std::size_t count : {2U, 50U, 51U, 61U, 101U, 333U}) {
    for (const Zones zones : kAllZones) {
      for (std::uint64_t seed = 0; seed < 10; ++seed) {
        Neighbours neighbours({.seed = seed}, cluster(count, zones), 0);
        for (std::uint64_t epoch = 1; epoch < 3; ++epoch) {
          neighbours.begin_epoch(epoch);
          check_promises(neighbours);
        }
        ASSERT_FALSE(HasFailure()) << "nodes " << count << " seed " << seed;
      }
    }
  }
}

TEST(NeighboursTest, ProbesEveryPairInTheStatedEpochsFromWhicheverEpochOn) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (const std::size_t count :
         {51UL, 52UL, 61UL, 62UL, 100UL, seed == 3 ? 700UL : 150 + seed}) {
      Neighbours neighbours({.seed = seed}, cluster(count, Zones::kThree), 0);
      const std::size_t epochs = neighbours.epochs_to_cover();
      ASSERT_EQ(epochs, (count - 1 + 19) / 20);
      Coverage coverage(count);
      for (std::uint64_t epoch = seed; epoch < seed + epochs; ++epoch) {
        neighbours.begin_epoch(epoch);
        coverage.add(neighbours);
      }
      ASSERT_EQ(coverage.pairs(), count * (count - 1)) << "nodes " << count << " seed " << seed;
    }
  }
}

TEST(NeighboursTest, NeedsNoPeerMoreIfZonesAreNeitherSmallNorNearlyAll) {
  for (std::uint64_t epoch = 0; epoch < 30; ++epoch) {
    for (const Zones zones : {Zones::kTwo, Zones::kThree}) {
      EXPECT_EQ(check_promises(Neighbours({.seed = 1}, cluster(600, zones), epoch)), 0U);
    }
    // E is 20: a zone of 21 and one of 380 with 21 elsewhere just suffice.
    std::vector<Neighbours::Node> nodes = cluster(401, Zones::kOne);
    std::for_each(nodes.begin(), nodes.begin() + 21, [](auto& node) { node.zone = "b"; });
    EXPECT_EQ(check_promises(Neighbours({.seed = 1}, nodes, epoch)), 0U);
  }
}

TEST(NeighboursTest, SendsAllToTheOnlyNodeElsewhere) {
  const Neighbours neighbours({.seed = 3}, cluster(200, Zones::kLonely), 5);
  const std::optional<Slot> lonely = neighbours.find("node0");
  ASSERT_TRUE(lonely);
  for (const Slot slot : neighbours.living()) {
    const std::vector<Slot> peers = neighbours.peers(slot);
    EXPECT_TRUE(slot == *lonely || std::count(peers.begin(), peers.end(), *lonely) == 1);
  }
}

TEST(NeighboursTest, DependsOnNeitherTheOrderOfNodesNorOnWhatIsTwice) {
  std::vector<Neighbours::Node> nodes = cluster(300, Zones::kThree);
  const Neighbours one({.seed = 9}, nodes, 4);
  std::reverse(nodes.begin(), nodes.end());
  nodes.push_back(nodes.front());
  const Neighbours other({.seed = 9}, nodes, 4);
  EXPECT_EQ(testing::rows_of(one), testing::rows_of(other));
  EXPECT_EQ(one.node(17).name, other.node(17).name);
  const Neighbours reseeded({.seed = 10}, nodes, 4);
  EXPECT_NE(one.node(17).name + one.node(18).name, reseeded.node(17).name + reseeded.node(18).name);
}

// A changed value means that an upgrade of the server gives every agent other peers.
TEST(NeighboursTest, GivesTheSamePeersOnEveryPlatform) {
  Neighbours neighbours({.seed = 42}, cluster(64, Zones::kThree), 1);
  neighbours.leave("node5");
  neighbours.leave("node6");
  neighbours.join(testing::node_of(100, "b"));
  std::uint64_t digest = 0;
  for (const Slot slot : neighbours.living()) {
    digest = hash(digest, neighbours.node(slot).name);
    for (const Slot peer : neighbours.peers(slot)) {
      digest = hash(digest, neighbours.node(peer).name);
    }
  }
  EXPECT_EQ(digest, 3743190143492625693U);
  const std::optional<Slot> slot = neighbours.find("node7");
  ASSERT_TRUE(slot);
  std::string names;
  for (const Slot peer : neighbours.peers(*slot)) {
    names += neighbours.node(peer).name.substr(4) + ' ';
  }
  EXPECT_EQ(names, "52 31 37 28 46 15 0 48 42 18 51 36 26 53 35 20 11 55 43 100 ");
}

TEST(NeighboursTest, RecomputesTwoThousandNodesQuickly) {
  for (const Zones zones : kAllZones) {
    Neighbours neighbours({.seed = 1}, cluster(2000, zones), 0);
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t epoch = 1; epoch <= 5; ++epoch) {
      neighbours.begin_epoch(epoch);
    }
    const auto mean = (std::chrono::steady_clock::now() - start) / 5;
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(mean).count();
    RecordProperty("epoch_us_" + std::to_string(static_cast<int>(zones)), std::to_string(micros));
    EXPECT_LT(micros, 1'000'000);  // Only against another order of growth; a busy machine is slow.
  }
}

}  // namespace
}  // namespace meshcheck::mesh
