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

}  // namespace
}  // namespace meshcheck::verdict
