// A node of which nothing is heard, and that answers pings.
#include <gtest/gtest.h>

#include "mesh/verdict/sentence.h"
#include "mesh/verdict/verdict_testing.h"

namespace meshcheck::verdict {
namespace {

using testing::HandMadeMesh;
using testing::told;
using Lines = std::vector<std::string>;

// The address of a pod that is gone answers nothing; that of its node does.
TEST(NodePingsTest, CallsNoNodeDownThatAnswersPings) {
  const auto answer = [](HandMadeMesh& mesh, Layer layer, Index from_node) {
    mesh.peers([&](Path& path, Index from, Index to, Layer of) {
      if (to == 3 && of == layer && from >= from_node) {
        path.cross_check = mesh::CrossCheck::kAnswered;
      }
    });
  };
  for (const bool outdated : {false, true}) {
    for (const Layer layer : {Layer::kHost, Layer::kPod}) {
      HandMadeMesh mesh(8, 3);
      mesh.kill(3, outdated);
      answer(mesh, layer, 0);
      EXPECT_EQ(told(mesh.view), Lines{"agent_down node-3 both unknown critical 14/14"});
    }
  }
  HandMadeMesh lossy(8);
  lossy.kill(3);
  answer(lossy, Layer::kHost, 6);
  EXPECT_EQ(told(lossy.view), Lines{"agent_down node-3 both unknown critical 14/14"});
  HandMadeMesh two(2);
  two.kill(1);
  two.peers([](Path& path, Index, Index to, Layer layer) {
    if (to == 1 && layer == Layer::kHost) path.cross_check = mesh::CrossCheck::kAnswered;
  });
  EXPECT_EQ(told(two.view), Lines{"agent_down node-1 both unknown critical 2/2"});
}

// Without a second agent nobody but a ping tells whether the node lives.
class OnlyAgentTest : public ::testing::Test {
 protected:
  OnlyAgentTest() { keep(Layer::kHost); }

  void keep(Layer layer) {
    mesh_ = HandMadeMesh(8);
    for (Index agent = 0; agent < mesh_.view.agents.size(); ++agent) {
      if (mesh_.layer_of(agent) != layer) mesh_.view.agents[agent].node = kNoIndex;
    }
    std::erase_if(mesh_.view.paths, [&](const Path& path) {
      return mesh_.layer_of(path.from) != layer || path.relation == Relation::kTwin;
    });
  }
  Lines told_with(mesh::CrossCheck pings) {
    mesh_.kill(3);
    mesh_.peers([&](Path& path, Index, Index to, Layer) {
      if (to == 3) path.cross_check = pings;
    });
    return told(mesh_.view);
  }
  std::string sentence() const {
    const Finding finding = diagnose(mesh_.view).front();
    return verdict::sentence(name(mesh_.view, finding), {.steady = mesh_.view.now, .wall = {}});
  }

  HandMadeMesh mesh_{8};
};

TEST_F(OnlyAgentTest, OfAHostIsItsNodeIfPingsAreLost) {
  EXPECT_EQ(told_with(mesh::CrossCheck::kUnanswered),
            Lines{"node_down node-3 host unknown critical 7/7"});
}

TEST_F(OnlyAgentTest, OfANodeThatAnswersPingsIsDownByItself) {
  EXPECT_EQ(told_with(mesh::CrossCheck::kAnswered),
            Lines{"agent_down host-3 host unknown warning 7/7"});
  EXPECT_NE(sentence().find(", its node lives, "), std::string::npos) << sentence();
}

TEST_F(OnlyAgentTest, ClaimsNothingOfItsNodeWithoutPings) {
  EXPECT_EQ(told_with(mesh::CrossCheck::kNone),
            Lines{"agent_down host-3 host unknown warning 7/7"});
  EXPECT_NE(sentence().find(", nothing is known of its node, "), std::string::npos) << sentence();
  keep(Layer::kPod);
  EXPECT_EQ(told_with(mesh::CrossCheck::kUnanswered),
            Lines{"agent_down pod-3 pod unknown warning 7/7"})
      << "a pod that is gone answers nothing either";
  EXPECT_NE(sentence().find(", nothing is known of its node, "), std::string::npos) << sentence();
}

}  // namespace
}  // namespace meshcheck::verdict
