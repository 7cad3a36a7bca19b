#include "server/verdicts/verdict_evaluator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "mesh/table/pmtu_testing.h"
#include "server/parts.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;
using mesh::Layer;
using mesh::PathState;
using mesh::Relation;
using verdict::Agent;
using verdict::Index;

// Four nodes with both agents, which report each five seconds.
class VerdictEvaluatorTest : public ::testing::Test {
 protected:
  static constexpr int kNodes = 4;

  VerdictEvaluatorTest() : evaluator_(owner(), options(), [this] { ++calls_; }) {}

  verdict::ViewMaker::Options options() const { return {.rules = {}, .began = clock_.now.steady}; }

  static std::string name(int node, Layer layer) {
    return (layer == Layer::kHost ? "host-" : "pod-") + std::to_string(node);
  }
  static std::size_t number(int node, Layer layer) {
    return static_cast<std::size_t>(2 * node + (layer == Layer::kHost ? 1 : 0));
  }

  // All is well as `node` sees it, but what leads to those in `lost`.
  mesh::ProbingReport report_of(int node, Layer layer) const {
    mesh::ProbingReport report = mesh::testing::report_of(number(node, layer), layer);
    report.agent_uptime =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now.steady - began_) + 10min;
    for (int peer = 1; peer <= kNodes; ++peer) {
      if (peer == node) continue;
      const bool lost = cut_.contains({peer, layer}) || cut_.contains({node, layer});
      report.paths.push_back(path(name(peer, layer), lost));
    }
    mesh::ReportPath twin =
        path(name(node, layer == Layer::kPod ? Layer::kHost : Layer::kPod), false);
    twin.relation = Relation::kTwin;
    report.paths.push_back(twin);
    return report;
  }

  mesh::ReportPath path(std::string to, bool lost) const {
    const auto age =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now.steady - cut_at_);
    auto path = mesh::testing::path_to(std::move(to), lost ? PathState::kDown : PathState::kUp,
                                       lost ? age : 100ms);
    if (lost) path.summary.answer_age = age + 3s;
    return path;
  }

  void report(int node, Layer layer) {
    mesh::Record record;
    record.podname = name(node, layer);
    record.nodename = "n" + std::to_string(node);
    record.report_interval = 5;
    const mesh::ProbingReport report = report_of(node, layer);
    parts_.agents.with(
        [&](AgentTable& table) { table.report(std::move(record), clock_.now, mesh::LargeLoss()); });
    parts_.mesh.with([&](mesh::Mesh& mesh) {
      mesh.report({.name = name(node, layer),
                   .node = "n" + std::to_string(node),
                   .report_interval = 5s,
                   .wall = clock_.now.wall},
                  report, clock_.now);
    });
  }

  void report_all() {
    for (int node = 1; node <= kNodes; ++node) {
      if (silent_.contains(node)) continue;
      report(node, Layer::kPod);
      report(node, Layer::kHost);
    }
  }

  void run(std::chrono::seconds time) {
    for (auto left = time; left > 0s; left -= 1s) {
      report_all();
      for (int half = 0; half < 2; ++half) {
        evaluator_.evaluate(clock_.now);
        clock_.pass(500ms);
      }
    }
  }

  void cut(int node, Layer layer) {
    cut_.insert({node, layer});
    cut_at_ = clock_.now.steady;
  }

  std::vector<std::string> open() {
    return parts_.verdicts.with([](const VerdictPublisher& publisher) {
      std::vector<std::string> found;
      for (const VerdictRecord& record : publisher.open()) {
        found.push_back(record.kind + ' ' + record.subject + ' ' + record.layer);
      }
      return found;
    });
  }

  std::vector<std::string_view> event_types() {
    return parts_.events.with([](const EventFeed& feed) {
      std::vector<std::string_view> types;
      for (const Event& event : feed.events()) types.push_back(event.type);
      return types;
    });
  }

  mesh::testing::TestClock clock_;
  Clock::time_point began_ = clock_.now.steady;
  Clock::time_point cut_at_;
  std::set<std::pair<int, Layer>> cut_;
  std::set<int> silent_;
  VerdictEvaluator::Owner owner() {
    return {parts_.agents, parts_.cluster, parts_.mesh, parts_.verdicts, parts_.events, Log()};
  }

  Parts parts_{{}};
  int calls_ = 0;
  VerdictEvaluator evaluator_;
};

TEST_F(VerdictEvaluatorTest, SaysNothingOfAHealthyMesh) {
  run(60s);
  EXPECT_TRUE(open().empty());
  EXPECT_EQ(calls_, 0);
}

TEST_F(VerdictEvaluatorTest, NamesABrokenPodNetworkAndItsEnd) {
  run(30s);
  cut(2, Layer::kPod);
  run(5s);
  EXPECT_EQ(open(), std::vector<std::string>{"pod_network n2 pod"});
  cut_.clear();
  run(10s);
  EXPECT_TRUE(open().empty());
  EXPECT_EQ(event_types(), (std::vector<std::string_view>{"verdict_opened", "verdict_closed"}));
  EXPECT_EQ(calls_, 2);
}

TEST_F(VerdictEvaluatorTest, TellsADeadNodeAndItsAgents) {
  run(30s);
  silent_.insert(3);
  run(3s);  // Until its peers have lost three probes.
  cut(3, Layer::kPod);
  cut(3, Layer::kHost);
  run(9s);
  EXPECT_EQ(open(), std::vector<std::string>{"node_down n3 both"});
  const auto types = event_types();
  EXPECT_EQ(std::count(types.begin(), types.end(), "agent_outdated"), 2);
}

TEST_F(VerdictEvaluatorTest, TellsOfHealthyAgentsThatAreRemoved) {
  Inventory inventory;
  for (int node = 1; node <= kNodes; ++node) {
    for (const Layer layer : {Layer::kPod, Layer::kHost}) {
      inventory.agents.push_back({.name = name(node, layer)});
    }
  }
  parts_.membership().set_inventory(inventory);
  run(5s);
  EXPECT_TRUE(event_types().empty());
  std::erase_if(inventory.agents, [](const auto& entry) { return entry.name == "pod-4"; });
  parts_.membership().set_inventory(inventory);
  evaluator_.evaluate(clock_.now);
  evaluator_.evaluate(clock_.now);
  EXPECT_EQ(event_types(), std::vector<std::string_view>{"agent_removed"});
  EXPECT_EQ(calls_, 1);
  const std::string json =
      parts_.events.with([](const EventFeed& feed) { return feed.events().back().json; });
  EXPECT_NE(json.find(R"("agent":"pod-4")"), std::string::npos) << json;
}

TEST_F(VerdictEvaluatorTest, TellsOnceOfASilentAgentThatIsRemoved) {
  run(5s);
  silent_.insert(3);
  run(12s);
  parts_.membership().remove("pod-3");
  evaluator_.evaluate(clock_.now);
  const auto types = event_types();
  EXPECT_EQ(std::count(types.begin(), types.end(), "agent_removed"), 1);
  EXPECT_EQ(std::count(types.begin(), types.end(), "agent_back"), 0);
}

TEST_F(VerdictEvaluatorTest, TellsNotOfOneThatIsBackAtOnce) {
  run(5s);
  parts_.membership().remove("pod-3");
  report(3, Layer::kPod);
  evaluator_.evaluate(clock_.now);
  EXPECT_TRUE(event_types().empty());
}

TEST_F(VerdictEvaluatorTest, WaitsForThoseWhoWereThereBeforeARestart) {
  parts_.membership().set_inventory(Inventory{{{"pod-1", "n1", ""}, {"host-1", "n1", ""}}});
  evaluator_.evaluate(clock_.now);
  clock_.pass(60s);
  evaluator_.evaluate(clock_.now);
  EXPECT_TRUE(open().empty());
}

TEST_F(VerdictEvaluatorTest, GoesOnWithTheNumbersOfTheDatabase) {
  VerdictRecord old{.id = 41, .closed = clock_.now.wall};
  parts_.verdicts.with(
      [&](VerdictPublisher& publisher) { publisher.restore({old}, clock_.now.wall); });
  VerdictEvaluator next(owner(), options(), [] {});
  run(30s);
  cut(2, Layer::kPod);
  for (int i = 0; i < 10; ++i) {
    report_all();
    next.evaluate(clock_.now);
    clock_.pass(500ms);
  }
  EXPECT_EQ(
      parts_.verdicts.with([](const VerdictPublisher& publisher) { return publisher.last_id(); }),
      42U);
}

class ViewMakerTest : public VerdictEvaluatorTest {
 protected:
  const verdict::View& view() {
    parts_.agents.with([&](const AgentTable& table) { set_members(table, clock_.now, view_); });
    return parts_.mesh.with(
        [&](const mesh::Mesh& mesh) { return std::cref(view_.make(mesh, clock_.now)); });
  }

  const Agent& agent(const std::string& name) {
    const auto& agents = view().agents;
    return *std::find_if(agents.begin(), agents.end(),
                         [&](const Agent& one) { return one.name == name; });
  }

  verdict::ViewMaker view_{options()};
  std::chrono::hours clock_set_{0};
};

TEST_F(ViewMakerTest, ListsNodesAgentsAndPaths) {
  report_all();
  const verdict::View& seen = view();
  EXPECT_EQ(seen.nodes.size(), 4U);
  EXPECT_EQ(seen.agents.size(), 8U);
  EXPECT_EQ(seen.paths.size(), 8U * 4U);
  for (const verdict::Path& path : seen.paths) {
    ASSERT_LT(path.to, seen.agents.size());
    const bool same_node = seen.agents[path.from].node == seen.agents[path.to].node;
    EXPECT_EQ(same_node, path.relation == Relation::kTwin);
    EXPECT_EQ(path.state, PathState::kUp);
  }
}

TEST_F(ViewMakerTest, LeavesOutPathsToNobody) {
  report_all();
  parts_.agents.with([](AgentTable& table) { table.remove("pod-1"); });
  const verdict::View& seen = view();
  EXPECT_EQ(seen.agents.size(), 7U);
  EXPECT_EQ(seen.paths.size(), 7U * 4U - 3U - 1U);
}

TEST_F(ViewMakerTest, GivesEachPodAGatewayOfItsOwn) {
  for (int node = 1; node <= 2; ++node) {
    for (const Layer layer : {Layer::kPod, Layer::kHost}) {
      mesh::ProbingReport report = mesh::testing::report_of(number(node, layer), layer);
      report.paths = {mesh::testing::path_to("169.254.1.1", PathState::kDown, 10s)};
      report.paths.front().relation = Relation::kGateway;
      report.paths.front().kind = mesh::ProbeKind::kIcmp;
      parts_.agents.with([&](AgentTable& table) {
        mesh::Record record;
        record.podname = name(node, layer);
        record.report_interval = 5;
        table.report(std::move(record), clock_.now);
      });
      parts_.mesh.with([&](mesh::Mesh& mesh) {
        mesh.report({.name = name(node, layer), .node = "n", .report_interval = 5s}, report,
                    clock_.now);
      });
    }
  }
  EXPECT_EQ(view().gateways.size(), 3U);
}

TEST_F(ViewMakerTest, TakesARouterThatNeverAnsweredForMute) {
  mesh::ProbingReport report = mesh::testing::report_of(1);
  report.paths = {mesh::testing::path_to("10.0.0.1", PathState::kDown, 10s),
                  mesh::testing::path_to("10.0.0.2", PathState::kDown, 10s)};
  for (mesh::ReportPath& path : report.paths) path.relation = Relation::kGateway;
  report.paths.front().summary.answer_age.reset();
  mesh::Record record;
  record.podname = "pod-1";
  record.report_interval = 5;
  parts_.agents.with([&](AgentTable& table) { table.report(std::move(record), clock_.now); });
  parts_.mesh.with([&](mesh::Mesh& mesh) {
    mesh.report({.name = "pod-1", .node = "n1", .report_interval = 5s}, report, clock_.now);
  });
  const verdict::View& seen = view();
  ASSERT_EQ(seen.paths.size(), 2U);
  EXPECT_EQ(seen.paths[0].state, PathState::kUnknown);
  EXPECT_EQ(seen.paths[1].state, PathState::kDown);
}

TEST_F(ViewMakerTest, SaysHowAgentsAre) {
  report_all();
  clock_.pass(11s);
  report(1, Layer::kPod);
  EXPECT_EQ(agent("pod-1").status, Agent::Status::kReporting);
  EXPECT_EQ(agent("pod-2").status, Agent::Status::kSilent);
  mesh::ProbingReport report = report_of(1, Layer::kPod);
  report.starved = 1;
  const auto send = [&] {
    parts_.mesh.with([&](mesh::Mesh& mesh) {
      mesh.report({.name = "pod-1",
                   .node = "n1",
                   .report_interval = 5s,
                   .wall = clock_.now.wall + clock_set_},
                  report, clock_.now);
    });
  };
  send();
  EXPECT_EQ(agent("pod-1").status, Agent::Status::kStarved);
  clock_set_ = 1h;
  send();
  EXPECT_EQ(agent("pod-1").status, Agent::Status::kReporting);
  EXPECT_EQ(agent("pod-1").clock_jump, 1h);
  report.stopping = true;
  send();
  EXPECT_EQ(agent("pod-1").status, Agent::Status::kStopping);
  EXPECT_EQ(agent("pod-1").clock_jump, 1h);
}

TEST_F(ViewMakerTest, KnowsZonesByNode) {
  parts_.membership().set_inventory(Inventory{{{"pod-1", "n1", "east"},
                                               {"host-1", "n1", ""},
                                               {"pod-2", "n2", "west"},
                                               {"host-3", "n3", "east"}}});
  report_all();
  const verdict::View& seen = view();
  ASSERT_EQ(seen.zones.size(), 2U);
  for (const verdict::Node& node : seen.nodes) {
    ASSERT_NE(node.zone, verdict::kNoIndex) << node.name;
    EXPECT_EQ(seen.zones[node.zone], node.name == "n2" ? "west" : "east");
  }
}

}  // namespace
}  // namespace meshcheck::server
