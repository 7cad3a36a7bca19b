#include "meshctl/mesh_grid.h"

#include <gtest/gtest.h>

#include "meshctl/mesh_grid_testing.h"

namespace meshcheck::meshctl {
namespace {

GridOfTest pods() {
  return {.nodes = {"n10", "n9", "a"},
          .zones = {"east", "east", "west"},
          .cells = {{0, 1, 1}, {0, 2, 2}, {1, 1, 3}, {2, 0, 0}}};
}

TEST(MeshGridTest, ReadsTheGridOfALayer) {
  const auto grid = read_grids({pods().bytes()});
  ASSERT_TRUE(grid) << grid.error().message();
  EXPECT_EQ(grid->nodes, (std::vector<std::string>{"n9", "n10", "a"}));
  EXPECT_EQ(grid->zones, (std::vector<std::string>{"east", "east", "west"}));
  EXPECT_EQ(grid->cells.at({1, 0}).worst(), "up");
  EXPECT_EQ(grid->cells.at({1, 2}).worst(), "degraded");
  EXPECT_EQ(grid->cells.at({2, 1}).worst(), "unknown");
  EXPECT_EQ(grid->cells.size(), 3U) << "the path to the other agent of a node is no pair";
}

TEST(MeshGridTest, PutsBothLayersTogether) {
  const GridOfTest hosts{
      .nodes = {"a", "b"}, .zones = {"", "west"}, .cells = {{0, 1, 1}, {1, 0, 3}}};
  GridOfTest others = hosts;
  others.zones = {"west", "west"};
  others.cells[0].state = 2;
  const auto grid = read_grids({hosts.bytes(), others.bytes()});
  ASSERT_TRUE(grid);
  EXPECT_EQ(grid->zones, (std::vector<std::string>{"west", "west"}));
  const PairCounts counts = grid->cells.at({0, 1});
  EXPECT_EQ(counts.up, 1U);
  EXPECT_EQ(counts.degraded, 1U);
  EXPECT_EQ(grid->cells.at({1, 0}).down, 2U);
}

TEST(MeshGridTest, ReadsAnEmptyMesh) {
  const auto grid = read_grids({GridOfTest{}.bytes()});
  ASSERT_TRUE(grid);
  EXPECT_TRUE(grid->nodes.empty());
}

TEST(MeshGridTest, RefusesWhatIsNoGrid) {
  const std::string whole = pods().bytes();
  EXPECT_TRUE(read_grids({whole + "a column of a newer server"}));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read_grids({whole.substr(0, size)})) << size;
  }
  for (const char* const body : {"{}\n", "[]\n", "no\n", "{\"paths\": []}\n"}) {
    EXPECT_FALSE(read_grids({body})) << body;
  }
  GridOfTest beyond = pods();
  beyond.cells[0].to = 3;
  EXPECT_FALSE(read_grids({beyond.bytes()}));
  GridOfTest zoneless = pods();
  zoneless.zones.pop_back();
  EXPECT_FALSE(read_grids({zoneless.bytes()}));
  std::string falling = whole;
  falling.at(falling.find('\n') + 1) = 4;
  EXPECT_FALSE(read_grids({falling})) << "the second row would end before the first";
}

TEST(MeshGridTest, PutsZonesTogether) {
  GridOfTest mesh = pods();
  mesh.zones = {"east", "east", ""};
  const auto grid = read_grids({mesh.bytes()});
  ASSERT_TRUE(grid);
  EXPECT_EQ(count_zones(*grid), 2U);
  const MeshGrid zones = grouped_by_zone(*grid);
  EXPECT_EQ(zones.nodes, (std::vector<std::string>{"no zone", "east"}));
  EXPECT_EQ(zones.cells.at({1, 1}).worst(), "up");
  EXPECT_EQ(zones.cells.at({1, 0}).worst(), "degraded");
  EXPECT_EQ(zones.cells.at({0, 1}).worst(), "unknown");
}

}  // namespace
}  // namespace meshcheck::meshctl
