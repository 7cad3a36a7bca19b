#include "mesh/verdict/view_maker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "mesh/table/table_testing.h"
#include "mesh/verdict/diagnosis.h"

namespace meshcheck::verdict {
namespace {

using namespace std::chrono_literals;

// The shortest of three evaluations of so many expected agents, none of which has ever reported.
Clock::duration evaluation_of_absent(std::size_t agents) {
  mesh::testing::TestClock clock;
  const mesh::Mesh mesh({});
  ViewMaker maker({.rules = {}, .began = clock.now.steady});
  clock.pass(1h);
  for (std::size_t i = 0; i < agents; ++i) {
    const std::string name = "agent-" + std::to_string(i);
    maker.add_member({.name = name, .node = name, .last_report = {}, .due = {}});
  }
  auto shortest = Clock::duration::max();
  for (int turn = 0; turn < 3; ++turn) {
    const auto begin = Clock::now();
    EXPECT_FALSE(diagnose(maker.make(mesh, clock.now)).empty());
    shortest = std::min(shortest, Clock::now() - begin);
  }
  return shortest;
}

TEST(ViewMakerTest, TakesTimeInProportionToAgentsThatNeverReported) {
  const auto few = evaluation_of_absent(3000);
  const auto many = evaluation_of_absent(30'000);
  EXPECT_LT(many, 40 * few) << "ten times as many; their square would be a hundred times";
}

}  // namespace
}  // namespace meshcheck::verdict
