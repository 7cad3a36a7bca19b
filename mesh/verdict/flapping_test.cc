// What comes and goes: its remains, and what others have of it, are no faults of their own.
#include <gtest/gtest.h>

#include "mesh/verdict/verdict_testing.h"

namespace meshcheck::verdict {
namespace {

using testing::HandMadeMesh;
using testing::told;
using Lines = std::vector<std::string>;
using namespace std::chrono_literals;

void silence_node(HandMadeMesh& mesh, Index node) {
  mesh.silence(mesh.agent(node, Layer::kPod), true);
  mesh.silence(mesh.agent(node, Layer::kHost), true);
}

// It was down, and is up again since `ago`.
void is_back(const HandMadeMesh& mesh, Path& path, Clock::duration ago) {
  path.recovering = true;
  path.since = mesh.view.now - ago;
}

TEST(FlappingTest, ExpectsNoReportFromANodeThatWasCutOffAMomentAgo) {
  HandMadeMesh mesh(8, 2);
  silence_node(mesh, 3);
  for (const Layer layer : {Layer::kPod, Layer::kHost}) {
    mesh.view.agents[mesh.agent(3, layer)].reported = mesh.view.now - 12s;
  }
  mesh.peers([&](Path& path, Index, Index to, Layer) {
    if (to == 3) is_back(mesh, path, 2s);
  });
  EXPECT_EQ(told(mesh.view), Lines{});
  mesh.peers([&](Path& path, Index, Index to, Layer) {
    if (to == 3) is_back(mesh, path, 6s);
  });
  EXPECT_EQ(told(mesh.view), Lines{"server_unreachable node-3 both out warning 2/2"});
}

TEST(FlappingTest, ExpectsNoReportFromANodeThatLosesMost) {
  HandMadeMesh mesh(8, 2);
  silence_node(mesh, 3);
  for (const Layer layer : {Layer::kPod, Layer::kHost}) {
    mesh.view.agents[mesh.agent(3, layer)].reported = mesh.view.now - 20s;
  }
  mesh.peers([](Path& path, Index, Index to, Layer) {
    if (to == 3) path.lost = path.lost_lately = 5;
  });
  const auto of_server = [&] {
    const Lines lines = told(mesh.view);
    return std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
      return line.starts_with("server_unreachable");
    });
  };
  EXPECT_EQ(of_server(), 0);
  mesh.peers([&](Path& path, Index, Index to, Layer) {
    if (to != 3) return;
    path.lost_lately = 0;
    path.state = PathState::kDegraded;
    path.since = mesh.view.now - 10s;
  });
  EXPECT_EQ(of_server(), 0) << "an outage before hides which losses are recent";
  silence_node(mesh, 3);
  EXPECT_EQ(of_server(), 1) << "a minute of silence is no chance";
}

TEST(FlappingTest, ExpectsNoReportFromAZoneThatWasCutOffAMomentAgo) {
  HandMadeMesh mesh(12, 3);
  for (Index node = 1; node < 12; node += 3) silence_node(mesh, node);
  for (Agent& agent : mesh.view.agents) {
    if (agent.status == Agent::Status::kSilent) agent.reported = mesh.view.now - 12s;
  }
  mesh.peers([&](Path& path, Index from, Index to, Layer) {
    if (to % 3 == 1 && from % 3 != 1) is_back(mesh, path, 2s);
  });
  EXPECT_EQ(told(mesh.view), Lines{});
}

TEST(FlappingTest, TakesNoAnswerForLifeThatIsOlderThanTheReportThatIsMissed) {
  HandMadeMesh mesh(1);
  const Index pod = mesh.agent(0, Layer::kPod);
  mesh.silence(pod, true);
  mesh.view.agents[pod].reported = mesh.view.now - 13s;
  mesh.view.agents[pod].report_interval = 5s;
  mesh.view.agents[mesh.agent(0, Layer::kHost)].reported = mesh.view.now - 8s;
  mesh.edges(Relation::kTwin, [](Path& path, Index, Layer) { path.answer_age_ms = 600; });
  EXPECT_EQ(told(mesh.view), Lines{}) << "both may have died since";
  mesh.view.agents[mesh.agent(0, Layer::kHost)].reported = mesh.view.now - 6s;
  EXPECT_EQ(told(mesh.view), Lines{"server_unreachable pod-0 pod out warning 1/1"});
}

TEST(FlappingTest, CountsNoLookUpAsMissedThatWasMadeWhileTheNodeWasCutOff) {
  HandMadeMesh mesh(8);
  const auto miss = [&](Clock::duration back_ago) {
    mesh.peers([&](Path& path, Index from, Index to, Layer) {
      if (from == 3 || to == 3) is_back(mesh, path, back_ago);
    });
    mesh.edges(Relation::kTarget, [&](Path& path, Index of, Layer layer) {
      path.answer_age_ms = of != 3 ? 2000 : layer == Layer::kPod ? 13'500 : 11'000;
    });
  };
  miss(3s);
  EXPECT_EQ(told(mesh.view), Lines{});
  mesh.edges(Relation::kTarget, [&](Path& path, Index of, Layer layer) {
    if (of == 3 && layer == Layer::kHost) mesh.break_path(path);
  });
  EXPECT_EQ(told(mesh.view), Lines{});
  miss(12s);
  EXPECT_EQ(told(mesh.view), Lines{"dns node-3 both both warning 2/2"});
}

TEST(FlappingTest, BlamesNoNodeForAGatewayThatOthersLoseAsWell) {
  HandMadeMesh mesh(8);
  mesh.edges(Relation::kGateway, [&](Path& path, Index of, Layer layer) {
    if (layer != Layer::kHost) return;
    path.answer_age_ms = 300;
    if (of == 3) mesh.break_path(path);
    if (of == 3) path.since = mesh.view.now - 3s;
    if (of != 3 && of % 2 == 1) path.lost = path.lost_lately = 2;
  });
  mesh.peers([](Path& path, Index, Index, Layer) { path.answer_age_ms = 300; });
  EXPECT_EQ(told(mesh.view), Lines{});
  mesh.edges(Relation::kGateway,
             [](Path& path, Index, Layer) { path.lost = path.lost_lately = 0; });
  EXPECT_EQ(told(mesh.view), Lines{"gateway node-3 host both critical 1/1"});
}

TEST(FlappingTest, BlamesNoNodeForNamesThatOthersMissNowAndThen) {
  HandMadeMesh mesh(8);
  mesh.edges(Relation::kTarget, [&](Path& path, Index of, Layer) {
    path.answer_age_ms = 2000;
    if (of == 3) path.answer_age_ms = 13'500;
    if (of != 3 && of % 2 == 1) path.lost = path.lost_lately = 1;
  });
  EXPECT_EQ(told(mesh.view), Lines{});
  mesh.edges(Relation::kTarget, [](Path& path, Index, Layer) { path.lost = path.lost_lately = 0; });
  EXPECT_EQ(told(mesh.view), Lines{"dns node-3 both both warning 2/2"});
}

TEST(FlappingTest, TakesTheLossesBesideAnOutageForTheOutage) {
  HandMadeMesh mesh(12, 3);
  mesh.peers([&](Path& path, Index from, Index to, Layer) {
    if (from % 3 + to % 3 != 1) return;  // Between zones 0 and 1.
    const bool lossy = (from + to) % 4 == 0;
    if (!lossy) return is_back(mesh, path, 3s);
    path.state = PathState::kDegraded;
    path.lost = path.lost_forward = 3;
    path.lost_lately = 3;
    path.answer_age_ms = 300;
  });
  EXPECT_EQ(told(mesh.view), Lines{});
  mesh.peers([](Path& path, Index, Index, Layer) { path.recovering = false; });
  const Lines lines = told(mesh.view);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].substr(0, 30), "zone_degradation zone-0,zone-1");
}

TEST(FlappingTest, WaitsForTheWayOfAFaultThoughAPathIsDownFromBefore) {
  HandMadeMesh mesh(8);
  bool first = true;
  mesh.peers([&](Path& path, Index from, Index to, Layer) {
    if (from != 3 && to != 3) return;
    mesh.break_path(path, Cut::kUnknown);
    path.since = first ? mesh.view.now - 30s : mesh.view.now - 4s;
    first = false;
  });
  for (const Layer layer : {Layer::kPod, Layer::kHost}) {
    mesh.view.agents[mesh.agent(3, layer)].reported = mesh.view.now - 3s;
  }
  EXPECT_EQ(told(mesh.view), Lines{});
}

TEST(FlappingTest, CallsNoAgentDeadThatAnswersItsTwinBehindAClosedPort) {
  HandMadeMesh mesh(8);
  mesh.peers([&](Path& path, Index, Index to, Layer layer) {
    if (to != 3 || layer != Layer::kHost) return;
    mesh.break_path(path, Cut::kForward);
    path.cross_check = mesh::CrossCheck::kAnswered;
    path.since = mesh.view.now - 4s;
  });
  mesh.view.agents[mesh.agent(3, Layer::kHost)].reported = mesh.view.now - 8s;
  mesh.view.agents[mesh.agent(3, Layer::kPod)].reported = mesh.view.now - 5s;
  EXPECT_EQ(told(mesh.view), Lines{}) << "its twin says soon whether it answers";
  mesh.view.agents[mesh.agent(3, Layer::kPod)].reported = mesh.view.now;
  EXPECT_EQ(told(mesh.view), Lines{"reachability node-3 host in critical 7/7"});
}

TEST(FlappingTest, BlamesNoGatewayWhereAllPathsOfTwoNodesLosePackets) {
  HandMadeMesh mesh(2);
  mesh.peers([](Path& path, Index, Index, Layer) {
    path.lost = 2;
    path.answer_age_ms = 300;
  });
  mesh.edges(Relation::kGateway, [&](Path& path, Index of, Layer layer) {
    if (of == 0 && layer == Layer::kHost) mesh.break_path(path);
  });
  EXPECT_EQ(told(mesh.view), Lines{});
  mesh.peers([](Path& path, Index, Index, Layer) { path.lost = 0; });
  EXPECT_EQ(told(mesh.view), Lines{"gateway node-0 host both critical 1/1"});
}

}  // namespace
}  // namespace meshcheck::verdict
