#include "meshctl/heat_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <clocale>
#include <sstream>

#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

// So many nodes, each with paths to the next 32, and nothing from node 3 to node 4.
MeshGrid ring(std::size_t count) {
  MeshGrid grid;
  for (std::size_t i = 0; i < count; ++i) grid.nodes.push_back("worker-" + std::to_string(i));
  grid.zones.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 1; j <= std::min<std::size_t>(32, count - 1); ++j) {
      grid.cells[{i, (i + j) % count}].add(i == 3 && j == 1 ? "down" : "up");
    }
  }
  return grid;
}

class HeatMapTest : public testing::Test {
 protected:
  HeatMapTest() { std::setlocale(LC_CTYPE, "C.UTF-8"); }

  static std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  // Columns on the screen: escape sequences have none.
  static std::size_t columns(const std::string& line) {
    std::string plain;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '\x1b') {
        i = line.find('m', i);
        continue;
      }
      plain += line[i];
    }
    return display_width(plain);
  }
};

TEST_F(HeatMapTest, ShowsEachNodeOfASmallMesh) {
  EXPECT_EQ(draw_heat_map(ring(4), {}, false),
            "worker-0   .UUU\nworker-1   U.UU\nworker-2   UU.U\nworker-3   DUU.\n");
}

TEST_F(HeatMapTest, DrawsTwoRowsOfTheGridInOneLine) {
  const std::string map = draw_heat_map(ring(3), {.colour = true}, false);
  EXPECT_EQ(lines_of(map).size(), 2U);
  EXPECT_EQ(lines_of(map)[0],
            "worker-0   \x1b[30;42m\u2580\x1b[32;40m\u2580\x1b[32;42m\u2580\x1b[0m");
}

TEST_F(HeatMapTest, MarksWhatFailsWithoutColours) {
  const auto signs = [](const char* upper, const char* lower) {
    MeshGrid grid{.nodes = {"a", "b"}, .zones = {"", ""}};
    grid.cells[{0, 0}].add(upper);
    grid.cells[{1, 0}].add(lower);
    const std::string line = lines_of(draw_heat_map(grid, {.colour = true}, false)).at(0);
    const std::size_t begin = line.find("\x1b");
    return line.substr(begin, line.find("\x1b", begin + 1) - begin);
  };
  EXPECT_EQ(signs("up", "up"), "\x1b[32;42m\u2580");
  EXPECT_EQ(signs("down", "up"), "\x1b[30;41m^");
  EXPECT_EQ(signs("unknown", "degraded"), "\x1b[30;43mv");
  EXPECT_EQ(signs("degraded", "down"), "\x1b[30;41mX");
  EXPECT_EQ(signs("down", "degraded"), "\x1b[30;41mX");
}

TEST_F(HeatMapTest, IsNeverLargerThanTheScreenWithAThousandNodes) {
  const MeshGrid grid = ring(1000);
  for (const bool colour : {false, true}) {
    for (const std::size_t width : {20U, 80U, 200U}) {
      const Style style{.colour = colour, .width = width, .height = 30};
      const std::string map = mesh_document(grid, style, {}).lead;
      const auto lines = lines_of(map);
      EXPECT_LE(lines.size(), 30U - 1U) << width;  // The prompt needs one.
      for (std::size_t i = 1; i + 2 < lines.size(); ++i)
        EXPECT_LE(columns(lines[i]), width) << lines[i];
      EXPECT_NE(map.find("1000 nodes in "), std::string::npos);
    }
  }
}

TEST_F(HeatMapTest, ShowsTheWorstOfAGroup) {
  const Style style{.width = 80, .height = 15};
  const auto lines = lines_of(draw_heat_map(ring(1000), style, false));
  ASSERT_EQ(lines.size(), 11U);
  EXPECT_EQ(lines[0], "worker-0..   DU........");
  EXPECT_EQ(lines[1], "worker-100.. .UU.......");
}

TEST_F(HeatMapTest, ShowsAllIfThatIsAskedFor) {
  const auto lines = lines_of(draw_heat_map(ring(100), {}, true));
  EXPECT_EQ(lines.size(), 100U);
}

TEST_F(HeatMapTest, ListsThePairsThatAreNotUp) {
  const Document document = mesh_document(ring(40), {}, {});
  EXPECT_EQ(document.table.rows.size(), 1U);
  EXPECT_EQ(mesh_document(ring(40), {}, {.all_pairs = true}).table.rows.size(), 40U * 32U);
}

TEST_F(HeatMapTest, PutsEachNodeInOneGroup) {
  for (const std::size_t groups : {1U, 3U, 7U, 99U, 100U, 200U}) {
    const MeshGrid grid = ring(100);
    const MeshGrid out = grouped(grid, groups);
    EXPECT_EQ(out.nodes.size(), std::min<std::size_t>(groups, 100));
    EXPECT_EQ(out.total().up, grid.total().up);
    EXPECT_EQ(out.total().down, 1U);
    for (const auto& [pair, counts] : out.cells) {
      EXPECT_LT(pair.first, out.nodes.size());
      EXPECT_LT(pair.second, out.nodes.size());
    }
  }
  EXPECT_EQ(grouped(ring(10), 3).nodes,
            (std::vector<std::string>{"worker-0..", "worker-4..", "worker-7.."}));
  EXPECT_EQ(grouped(ring(3), 2).nodes, (std::vector<std::string>{"worker-0..", "worker-2"}));
}

TEST_F(HeatMapTest, CallsNothingUpThatIsPartlyUnknown) {
  EXPECT_EQ(PairCounts{}.worst(), "");
  EXPECT_EQ(PairCounts{.up = 1}.worst(), "up");
  EXPECT_EQ((PairCounts{.up = 9, .unknown = 1}.worst()), "unknown");
  EXPECT_EQ((PairCounts{.up = 9, .degraded = 1, .unknown = 1}.worst()), "degraded");
  EXPECT_EQ((PairCounts{.degraded = 1, .down = 1}.worst()), "down");
}

TEST_F(HeatMapTest, ShowsZonesOfAMeshThatIsLargerThanTheScreen) {
  MeshGrid grid = ring(1000);
  for (std::size_t i = 0; i < 1000; ++i) grid.zones[i] = i < 400 ? "east" : "west";
  const std::string note = "1000 nodes in 2 zones, each with its worst pair; ";
  const auto lines = lines_of(draw_heat_map(grid, {}, false));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "east         DU");
  EXPECT_EQ(lines[1], "west         UU");
  EXPECT_EQ(lines[2].substr(0, note.size()), note);
  EXPECT_EQ(lines_of(draw_heat_map(grid, {}, true)).size(), 1000U);
}

}  // namespace
}  // namespace meshcheck::meshctl
