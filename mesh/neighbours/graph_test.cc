#include "mesh/neighbours/graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace meshcheck::mesh {
namespace {

constexpr std::size_t kDegree = 20;

void expect_regular(const Graph& graph, const std::vector<bool>& living) {
  std::vector<std::size_t> in(living.size());
  for (std::size_t slot = 0; slot < living.size(); ++slot) {
    const auto peers = graph.peers(static_cast<Slot>(slot));
    ASSERT_EQ(peers.size(), living[slot] ? kDegree : 0) << slot;
    std::vector<bool> seen(living.size());
    for (const Slot peer : peers) {
      ASSERT_NE(peer, slot);
      ASSERT_TRUE(living[peer] && !seen[peer]) << slot << " -> " << peer;
      seen[peer] = true;
      ++in[peer];
    }
  }
  for (std::size_t slot = 0; slot < living.size(); ++slot) {
    ASSERT_EQ(in[slot], living[slot] ? kDegree : 0) << slot;
  }
}

// The tightest rings that Neighbours makes, in every turn and from ten seeds.
TEST(GraphTest, StaysRegularWithAnEighthOfTheSlotsEmpty) {
  for (std::size_t ring = 54; ring <= 72; ++ring) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      for (std::size_t turn = 0; turn < epochs_to_cover(ring, kDegree); ++turn) {
        std::vector<bool> living(ring, true);
        Random random(seed);
        for (std::size_t empty = ring / 9; empty > 0; --empty) {
          living[random.below(ring)] = false;
        }
        Graph graph(kDegree);
        graph.begin(living, offsets(ring, kDegree, turn), seed);
        expect_regular(graph, living);
        ASSERT_FALSE(HasFatalFailure()) << ring << ' ' << seed << ' ' << turn;
      }
    }
  }
}

// Structure helps a leaver's neighbours to have each other as peers already; see that it is
// harmless.
TEST(GraphTest, LosesHardlyAnyTurnToOneEmptySlotOnAnyRing) {
  std::size_t displaced = 0;
  std::size_t arcs = 0;
  for (std::size_t ring = 52; ring <= 2001; ring += ring < 110 ? 1 : 211) {
    std::vector<bool> living(ring, true);
    living[ring / 2] = false;
    Graph graph(kDegree);
    for (std::size_t turn = 0; turn < epochs_to_cover(ring, kDegree); ++turn) {
      graph.begin(living, offsets(ring, kDegree, turn), turn);
      displaced += graph.displaced();
      arcs += (ring - 1) * kDegree;
    }
  }
  RecordProperty("displaced", std::to_string(displaced));
  EXPECT_LT(displaced * 1000, arcs) << displaced << " of " << arcs;
}

TEST(GraphTest, ComesBackToAFullRingOneSlotAtATime) {
  std::vector<bool> living(60, true);
  Graph graph(kDegree);
  graph.begin(living, offsets(60, kDegree, 1), 7);
  for (const Slot slot : {3U, 4U, 59U, 0U, 30U}) {
    living[slot] = false;
    EXPECT_LE(graph.remove(slot).size(), 2 * kDegree);
    expect_regular(graph, living);
  }
  for (const Slot slot : {30U, 3U, 0U, 4U, 59U, 60U}) {
    living.resize(std::max<std::size_t>(living.size(), slot + 1U));
    living[slot] = true;
    EXPECT_EQ(graph.insert(slot).size(), kDegree);
    expect_regular(graph, living);
  }
}

}  // namespace
}  // namespace meshcheck::mesh
