// What is said before single paths are convicted: of new losses, missed look-ups and new sizes.
#include <gtest/gtest.h>

#include "mesh/table/recent_losses.h"
#include "mesh/verdict/usual_times.h"
#include "mesh/verdict/verdict_testing.h"

namespace meshcheck::verdict {
namespace {

using testing::HandMadeMesh;
using testing::told;
using Lines = std::vector<std::string>;
using namespace std::chrono_literals;

void lose_one(Path& path) {
  path.lost = path.lost_lately = 1;
  path.lost_forward = 1;
  path.answer_age_ms = 400;
}

TEST(RecentLossesTest, CountsWhatIsMoreThanInTheReportsBefore) {
  mesh::RecentLosses losses;
  const Clock::time_point begin(1h);
  losses.told(7, begin);
  EXPECT_EQ(losses.lately(), 0);
  losses.told(6, begin + 5s);
  EXPECT_EQ(losses.lately(), 0);
  losses.told(9, begin + 10s);
  EXPECT_EQ(losses.lately(), 3);
  losses.told(10, begin + 11s);
  EXPECT_EQ(losses.lately(), 4);
  losses.told(10, begin + 16s);
  EXPECT_EQ(losses.lately(), 1);
  losses.told(10, begin + 21s);
  EXPECT_EQ(losses.lately(), 0);
  losses.told(15, begin + 60s);
  EXPECT_EQ(losses.lately(), 0);
}

TEST(UsualTimesTest, RemembersWhatPathsThatAreGoneWereUsedTo) {
  HandMadeMesh mesh(6, 2);
  UsualTimes usual;
  usual.fill(mesh.view);
  mesh.peers([](Path& path, Index, Index, Layer) { path.usual_p50_us = Path::kNoTime; });
  usual.fill(mesh.view);
  const std::size_t place = mesh.view.place_between(mesh.view.paths[0]);
  ASSERT_LT(place, mesh.view.usual_between_us.size());
  EXPECT_EQ(mesh.view.usual_between_us[place], 300U);
}

TEST(NewFaultsTest, TellsANodeOnWhichManyPathsHaveLostSomething) {
  HandMadeMesh mesh(12, 2);
  mesh.peers([](Path& path, Index from, Index to, Layer) {
    if ((from == 3 || to == 3) && (from + to) % 3 != 0) lose_one(path);
  });
  const Lines lines = told(mesh.view);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].substr(0, 24), "partial_loss node-3 both");
}

TEST(NewFaultsTest, TakesFewLossesForChance) {
  HandMadeMesh mesh(12, 2);
  mesh.peers([](Path& path, Index from, Index to, Layer) {
    if (from == 3 && to < 4) lose_one(path);
  });
  EXPECT_EQ(told(mesh.view), Lines{});
}

TEST(NewFaultsTest, DoesNotCallAnAgentThatPausedLossy) {
  HandMadeMesh mesh(12, 2);
  mesh.peers([](Path& path, Index, Index to, Layer layer) {
    if (to == 3 && layer == Layer::kPod) lose_one(path);
  });
  EXPECT_EQ(told(mesh.view), Lines{});
}

TEST(NewFaultsTest, TellsZonesBetweenWhichPacketsGetLost) {
  HandMadeMesh mesh(12, 3);
  mesh.peers([](Path& path, Index from, Index to, Layer) {
    if (from % 3 + to % 3 == 1 && (from + to) % 4 != 0) lose_one(path);
  });
  const Lines lines = told(mesh.view);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].substr(0, 30), "zone_degradation zone-0,zone-1");
}

TEST(NewFaultsTest, TellsTheDnsOfAllOnceMostHaveMissedAnAnswer) {
  HandMadeMesh mesh(8);
  mesh.edges(Relation::kTarget,
             [](Path& path, Index node, Layer) { path.answer_age_ms = node < 5 ? 9000 : 2000; });
  const Lines lines = told(mesh.view);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].substr(0, 15), "dns dns.example");
}

TEST(NewFaultsTest, TellsTheDnsOfANodeOnceItsAgentsHaveMissedThree) {
  HandMadeMesh mesh(8);
  mesh.edges(Relation::kTarget, [](Path& path, Index node, Layer layer) {
    path.answer_age_ms = 2000;
    if (node == 5) path.answer_age_ms = layer == Layer::kPod ? 13'500 : 9000;
  });
  EXPECT_EQ(told(mesh.view), Lines{"dns node-5 both both warning 2/2"});
  mesh.edges(Relation::kTarget, [](Path& path, Index node, Layer) {
    if (node == 5) path.answer_age_ms = 9000;
  });
  EXPECT_EQ(told(mesh.view), Lines{});
}

TEST(NewFaultsTest, TakesALookUpThatIsOverdueForMissed) {
  HandMadeMesh mesh(8);
  mesh.edges(Relation::kTarget, [](Path& path, Index node, Layer layer) {
    path.answer_age_ms = 2000;
    if (node == 5) path.answer_age_ms = layer == Layer::kPod ? 11'600 : 6600;
  });
  EXPECT_EQ(told(mesh.view), Lines{"dns node-5 both both warning 2/2"});
  mesh.edges(Relation::kTarget, [](Path& path, Index node, Layer layer) {
    if (node == 5 && layer == Layer::kHost) path.answer_age_ms = 6400;
  });
  EXPECT_EQ(told(mesh.view), Lines{}) << "the host's may just be slow";
}

TEST(NewFaultsTest, TellsTheNodeThatTheFirstSmallSizesShare) {
  HandMadeMesh mesh(12, 2);
  mesh.add_sizes();
  for (SizeResult& result : mesh.view.sizes) {
    const bool of_node = mesh.node_of(result.sender) == 3 || mesh.node_of(result.receiver) == 3;
    const Index other = mesh.node_of(result.sender) + mesh.node_of(result.receiver) - 3;
    if (!of_node || other > 7 || other < 4) continue;
    result.fragmentation_class = FragmentationClass::kBlackHole;
    result.size = 1400;
    result.since = mesh.view.now - 1s;
  }
  const Lines lines = told(mesh.view);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].substr(0, 31), "mtu_black_hole node-3 both both");
}

TEST(LossOfTwoNodesTest, IsOfTheOneThatLosesWhatItSendsToItsGateway) {
  HandMadeMesh mesh(2);
  mesh.peers([&](Path& path, Index, Index, Layer) {
    path.state = PathState::kDegraded;
    path.since = mesh.view.now - 60s;
    path.sent = 60;
    path.lost = 12;
    path.lost_forward = 6;
    path.lost_backward = 6;
  });
  const auto lose = [&](Index node, std::uint16_t lost) {
    mesh.edges(Relation::kGateway, [&](Path& path, Index of, Layer) {
      path.sent = 60;
      if (of == node) path.lost = lost;
    });
  };
  lose(1, 0);
  EXPECT_EQ(told(mesh.view), Lines{"partial_loss node-0,node-1 both unknown warning 8/8"});
  lose(1, 8);
  EXPECT_EQ(told(mesh.view), Lines{"partial_loss node-1 both both warning 8/8"});
  lose(0, 8);
  EXPECT_EQ(told(mesh.view), Lines{"partial_loss node-0,node-1 both unknown warning 8/8"});
}

}  // namespace
}  // namespace meshcheck::verdict
