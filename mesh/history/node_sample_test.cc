#include "mesh/history/node_sample.h"

#include <gtest/gtest.h>

#include "mesh/table/mesh.h"
#include "mesh/table/table_testing.h"

namespace meshcheck::history {
namespace {

using mesh::PathState;

class NodeSampleTest : public ::testing::Test {
 protected:
  void report(const std::string& name, std::size_t number, std::vector<mesh::ReportPath> paths) {
    auto report = mesh::testing::report_of(number, mesh::Layer::kPod);
    report.paths = std::move(paths);
    mesh_.report({.name = name,
                  .node = "node-" + name,
                  .report_interval = std::chrono::seconds(5),
                  .wall = {}},
                 report, clock_.now);
  }
  Point sample(const std::string& node) {
    NodeSample sample;
    mesh_.table.visit("", 1000, clock_.now, [&](const mesh::PathView& path) { sample.add(path); });
    return sample.take()[{node, mesh::Layer::kPod}];
  }

  mesh::testing::TestClock clock_;
  mesh::Mesh mesh_{{}};
};

TEST_F(NodeSampleTest, CountsThePathsOfANodeByState) {
  report("b", 2, {});
  report("c", 3, {});
  mesh::ReportPath gateway = mesh::testing::path_to("10.0.0.1", PathState::kDown);
  gateway.relation = mesh::Relation::kGateway;
  report("a", 1,
         {mesh::testing::path_to("b", PathState::kUp), mesh::testing::path_to("c", PathState::kUp),
          gateway});
  const Point point = sample("node-a");
  EXPECT_EQ(point[Column::kUp], 2);
  EXPECT_EQ(point[Column::kDown], 1);
  EXPECT_EQ(point[Column::kUnknown], 0);
  EXPECT_FALSE(sample("node-b").is_measured()) << "it has no paths";
}

TEST_F(NodeSampleTest, HasLossesAndRoundTripsOfPathsBetweenAgents) {
  report("b", 2, {});
  const mesh::ReportPath path = mesh::testing::path_to("b", PathState::kUp);
  report("a", 1, {path});
  const Point point = sample("node-a");
  EXPECT_NEAR(loss_of_value(point[Column::kLoss]),
              static_cast<double>(path.summary.lost) / path.summary.sent, 1e-4);
  EXPECT_NEAR(rtt_of_level(point[Column::kRttP50]).count(), 101, 2);
  EXPECT_EQ(point[Column::kMtu], Point::kNone);
}

TEST_F(NodeSampleTest, HasNoFiguresOfAnAgentThatIsSilent) {
  report("b", 2, {});
  report("a", 1, {mesh::testing::path_to("b", PathState::kUp)});
  clock_.pass(std::chrono::minutes(1));
  const Point point = sample("node-a");
  EXPECT_EQ(point[Column::kUnknown], 1);
  EXPECT_EQ(point[Column::kLoss], Point::kNone);
  EXPECT_EQ(point[Column::kRttP50], Point::kNone);
}

}  // namespace
}  // namespace meshcheck::history
