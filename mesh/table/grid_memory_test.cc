#include "mesh/table/grid_memory.h"

#include <gtest/gtest.h>

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;

class GridMemoryTest : public ::testing::Test {
 protected:
  using Pairs = std::map<std::string, PathState>;  // "from to".

  static MeshGrid grid_of(const Pairs& pairs) {
    MeshGrid grid(Layer::kPod);
    for (const auto& [names, state] : pairs) {
      const auto space = names.find(' ');
      grid.add({.from = std::string_view(names).substr(0, space),
                .to = std::string_view(names).substr(space + 1),
                .from_zone = "z",
                .to_zone = "z",
                .state = state,
                .cut = state == PathState::kDown ? Cut::kForward : Cut::kNone});
    }
    return grid;
  }
  void note(Clock::duration at, const Pairs& pairs) {
    MeshGrid grid = grid_of(pairs);
    memory_.note(grid, Clock::time_point(at));
  }
  Pairs at(Clock::duration time) {
    auto grid = memory_.at(Clock::time_point(time));
    Pairs pairs;
    if (!grid) return {{"not known", PathState::kUnknown}};
    grid->visit([&](const PairState& pair) {
      pairs[std::string(pair.from) + " " + std::string(pair.to)] = pair.state;
      EXPECT_EQ(pair.cut, pair.state == PathState::kDown ? Cut::kForward : Cut::kNone);
      EXPECT_EQ(pair.from_zone, "z");
    });
    return pairs;
  }

  GridMemory memory_{Layer::kPod, 100};
  const Pairs kNotKnown{{"not known", PathState::kUnknown}};
};

TEST_F(GridMemoryTest, HasTheLastGridBeforeATime) {
  const Pairs fine{{"a b", PathState::kUp}, {"b a", PathState::kUp}};
  const Pairs broken{{"a b", PathState::kDown}, {"b a", PathState::kUp}};
  note(5s, {});
  EXPECT_EQ(at(5s), kNotKnown);
  note(10s, fine);
  note(20s, broken);
  note(30s, broken);
  note(40s, fine);
  EXPECT_EQ(at(9s), kNotKnown);
  EXPECT_EQ(at(10s), fine);
  EXPECT_EQ(at(19s), fine);
  EXPECT_EQ(at(20s), broken);
  EXPECT_EQ(at(39s), broken);
  EXPECT_EQ(at(90s), fine);
  EXPECT_EQ(memory_.changes(), 2U);
}

TEST_F(GridMemoryTest, KnowsNodesThatComeAndGo) {
  const Pairs two{{"a b", PathState::kUp}};
  const Pairs other{{"a c", PathState::kDegraded}, {"c a", PathState::kUnknown}};
  note(10s, two);
  note(20s, other);
  note(30s, {});
  EXPECT_EQ(at(10s), two);
  EXPECT_EQ(at(20s), other);
  EXPECT_EQ(at(30s), Pairs{});
}

TEST_F(GridMemoryTest, SaysNothingOfTimesWhoseChangesAreGone) {
  for (int second = 1; second <= 300; ++second) {
    note(std::chrono::seconds(second),
         {{"a b", second % 2 == 0 ? PathState::kUp : PathState::kDown}});
  }
  EXPECT_EQ(memory_.changes(), 100U);
  EXPECT_EQ(at(199s), kNotKnown);
  EXPECT_EQ(at(200s), (Pairs{{"a b", PathState::kUp}}));
  EXPECT_EQ(at(201s), (Pairs{{"a b", PathState::kDown}}));
}

// The numbers of nodes that are gone are given to others, and those that a change names are not.
TEST_F(GridMemoryTest, GivesNumbersOfNodesThatAreGoneToOthers) {
  const auto grid = [](int step) {
    Pairs pairs;
    for (int node = 0; node < 20; ++node) {
      pairs["n" + std::to_string(20 * step + node) + " hub"] = PathState::kUp;
    }
    return pairs;
  };
  for (int step = 0; step < 100; ++step) note(std::chrono::seconds(step), grid(step));
  // A step is 40 changes: 20 that came, 20 that went.
  EXPECT_EQ(at(99s), grid(99));
  EXPECT_EQ(at(98s), grid(98));
  EXPECT_EQ(at(97s), grid(97));
  EXPECT_EQ(at(90s), kNotKnown);
}

}  // namespace
}  // namespace meshcheck::mesh
