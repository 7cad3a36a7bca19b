#include "mesh/table/grid_cells.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "lib/base/random.h"

namespace meshcheck::mesh {
namespace {

TEST(GridCellsTest, TellWhatIsNewWhatIsAnotherOneAndWhatIsGone) {
  const GridCells before{.cells = {{0, 1, 1, 17, 4, 1}, {0, 2, 1, 17, 4, 1}, {2, 0, 1, 0, 0, 0}}};
  const GridCells after{.cells = {{0, 1, 1, 17, 4, 1}, {0, 2, 7, 17, 0, 9}, {1, 0, 1, 1, 2, 3}}};
  EXPECT_EQ(changes_of(before, after, 3), "[[0,2,7,17,0,9],[1,0,1,1,2,3],[2,0]]");
  EXPECT_EQ(changes_of(before, after, 2), std::nullopt);
  EXPECT_EQ(changes_of(after, after, 0), "[]");
}

TEST(GridCellsTest, TellNothingOfGridsOfOtherNodes) {
  EXPECT_EQ(changes_of({.head = 1, .cells = {}}, {.head = 2, .cells = {}}, 100), std::nullopt);
}

GridCells random_cells(Random& random) {
  GridCells made;
  for (std::uint16_t from = 0; from < 6; ++from) {
    for (std::uint16_t to = 0; to < 6; ++to) {
      if (random.below(2) == 0) continue;
      made.cells.push_back({from, to, static_cast<std::uint8_t>(random.below(2)), 0, 0,
                            static_cast<std::uint8_t>(random.below(2))});
    }
  }
  return made;
}

using ByPlace = std::map<std::pair<unsigned, unsigned>, std::vector<unsigned>>;

ByPlace by_place(const GridCells& grid) {
  ByPlace made;
  for (const GridCell& cell : grid.cells) {
    made[{cell.from, cell.to}] = {cell.state, cell.sizes, cell.rtt, cell.loss};
  }
  return made;
}

TEST(GridCellsTest, MakeTheLaterGridOfTheOneBefore) {
  Random random(15);
  for (int round = 0; round < 200; ++round) {
    const GridCells before = random_cells(random);
    const GridCells after = random_cells(random);
    ByPlace held = by_place(before);
    for (const auto& change : nlohmann::json::parse(*changes_of(before, after, 36))) {
      const auto number = [&](std::size_t at) { return change[at].get<unsigned>(); };
      const std::pair place(number(0), number(1));
      ASSERT_TRUE(change.size() == 2 || change.size() == 6) << change;
      if (change.size() == 2) {
        ASSERT_EQ(held.erase(place), 1U) << change;
      } else {
        held[place] = {number(2), number(3), number(4), number(5)};
      }
    }
    ASSERT_EQ(held, by_place(after)) << "round " << round;
  }
}

}  // namespace
}  // namespace meshcheck::mesh
