#include "mesh/history/path_trails.h"

#include <gtest/gtest.h>

#include "mesh/table/mesh.h"
#include "mesh/table/table_testing.h"

namespace meshcheck::history {
namespace {

using mesh::PathState;
using std::chrono::seconds;
using Moment = Trail::Moment;

class PathTrailsTest : public ::testing::Test {
 protected:
  PathTrailsTest() { report("b", 2, {}); }

  void report(const std::string& name, std::size_t number, std::vector<mesh::ReportPath> paths) {
    auto report = mesh::testing::report_of(number, mesh::Layer::kPod);
    report.paths = std::move(paths);
    mesh_.report({.name = name, .node = "node-" + name, .report_interval = seconds(5), .wall = {}},
                 report, clock_.now);
  }
  // A step in which a's path to b is as said.
  std::vector<Trail> step(PathState state, seconds later = PathTrails::kStep) {
    clock_.pass(later);
    report("b", 2, {});
    report("a", 1, {mesh::testing::path_to("b", state)});
    return look();
  }
  std::vector<Trail> look() {
    trails_.begin(std::chrono::floor<seconds>(clock_.now.wall));
    mesh_.table.visit("", 1000, clock_.now, [&](const mesh::PathView& path) { trails_.add(path); });
    return trails_.end();
  }
  // "..UUD": one letter a sample, '.' where nothing is known.
  static std::string letters(const Trail& trail) {
    std::string text;
    for (const PathSample& sample : trail.paths.at(0).samples) {
      text += sample.known ? "?UGD"[static_cast<std::size_t>(sample.state)] : '.';
    }
    return text;
  }

  mesh::testing::TestClock clock_;
  mesh::Mesh mesh_{{}};
  PathTrails trails_{10};
};

TEST_F(PathTrailsTest, HasFiveMinutesBeforeAndFiveAfter) {
  for (int i = 0; i < 40; ++i) step(PathState::kUp);
  step(PathState::kDown);
  const auto begin = std::chrono::floor<seconds>(clock_.now.wall);
  trails_.follow(7, Moment::kOpened, {"a -> b", "a -> b", "a -> nobody"});
  ASSERT_EQ(trails_.followed().size(), 1U);
  EXPECT_EQ(letters(trails_.followed().at(0)), std::string(29, 'U') + 'D');
  for (int i = 0; i < 29; ++i) EXPECT_TRUE(step(PathState::kDown).empty());
  const std::vector<Trail> ended = step(PathState::kUp);
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].verdict, 7U);
  EXPECT_EQ(ended[0].start, begin - 29 * PathTrails::kStep);
  EXPECT_EQ(letters(ended[0]), std::string(29, 'U') + std::string(30, 'D') + 'U');
  ASSERT_EQ(ended[0].paths.size(), 2U);
  EXPECT_FALSE(ended[0].paths[1].samples.front().known);
  EXPECT_TRUE(trails_.followed().empty());
}

TEST_F(PathTrailsTest, HasLossesAndRoundTrips) {
  step(PathState::kUp);
  trails_.follow(1, Moment::kClosed, {"a -> b"});
  const PathSample sample = trails_.followed().at(0).paths.at(0).samples.back();
  const auto summary = mesh::testing::path_to("b", PathState::kUp).summary;
  EXPECT_NEAR(loss_of_value(sample.loss), static_cast<double>(summary.lost) / summary.sent, 1e-4);
  EXPECT_NEAR(rtt_of_level(sample.rtt).count(), 101, 2);
}

TEST_F(PathTrailsTest, KnowsNothingOfStepsThatWereMissed) {
  step(PathState::kUp);
  trails_.follow(1, Moment::kOpened, {"a -> b"});
  step(PathState::kUp, 3 * PathTrails::kStep);
  EXPECT_EQ(letters(trails_.followed().at(0)), std::string(29, '.').append("U..U"));
  trails_.follow(2, Moment::kOpened, {"a -> b"});
  EXPECT_EQ(letters(trails_.followed().at(1)), std::string(26, '.').append("U..U"));
  mesh_.leave({"a"});
  clock_.pass(PathTrails::kStep);
  look();
  EXPECT_EQ(letters(trails_.followed().at(1)), std::string(26, '.').append("U..U."));
  EXPECT_EQ(trails_.paths(), 1U);
  clock_.pass(30 * PathTrails::kStep);
  look();
  EXPECT_EQ(trails_.paths(), 0U);
}

TEST_F(PathTrailsTest, BeginsAnewWhenTheClockIsSetBack) {
  step(PathState::kUp);
  trails_.follow(1, Moment::kOpened, {"a -> b"});
  clock_.now.wall -= std::chrono::minutes(10);
  EXPECT_TRUE(look().empty());
  EXPECT_TRUE(trails_.followed().empty());
  trails_.follow(1, Moment::kOpened, {"a -> b"});
  EXPECT_EQ(letters(trails_.followed().at(0)), std::string(29, '.').append("U"));
}

TEST_F(PathTrailsTest, IsBounded) {
  PathTrails trails(1);
  report("c", 3, {mesh::testing::path_to("b", PathState::kUp)});
  report("a", 1, {mesh::testing::path_to("b", PathState::kUp)});
  trails.begin(std::chrono::floor<seconds>(clock_.now.wall));
  mesh_.table.visit("", 1000, clock_.now, [&](const mesh::PathView& path) { trails.add(path); });
  trails.end();
  EXPECT_EQ(trails.paths(), 1U);
  EXPECT_EQ(trails.left_out(), 1U);
  for (std::uint64_t id = 0; id <= PathTrails::kFollowedMax; ++id) {
    trails.follow(id, Moment::kOpened, {"a -> b"});
  }
  EXPECT_EQ(trails.followed().size(), PathTrails::kFollowedMax);
  EXPECT_EQ(trails.left_out(), 2U);
  trails.follow(1, Moment::kOpened, {});
}

}  // namespace
}  // namespace meshcheck::history
