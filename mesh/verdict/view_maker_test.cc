#include "mesh/verdict/view_maker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

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

// Three agents that report each 5 s.
class ViewOfThreeTest : public ::testing::Test {
 protected:
  static std::string name(std::size_t agent) { return "pod-" + std::to_string(agent); }

  void report(std::size_t agent, const mesh::ProbingReport& report,
              std::chrono::seconds ahead = 0s) {
    const std::string of = name(agent);
    mesh_.report({.name = of, .node = of, .report_interval = 5s, .wall = clock_.now.wall + ahead},
                 report, clock_.now);
  }

  const View& view() {
    maker_.clear_members();
    for (std::size_t agent = 0; agent < 3; ++agent) {
      const std::string of = name(agent);
      maker_.add_member({.name = of,
                         .node = of,
                         .last_report = clock_.now.steady,
                         .due = {},
                         .report_interval = 5s});
    }
    return maker_.make(mesh_, clock_.now);
  }

  std::vector<std::string> kinds() {
    std::vector<std::string> kinds;
    for (const Finding& finding : diagnose(view())) kinds.emplace_back(text(finding.kind));
    return kinds;
  }
  using Kinds = std::vector<std::string>;

  mesh::testing::TestClock clock_;
  mesh::Mesh mesh_{{}};
  ViewMaker maker_{{.rules = {}, .began = clock_.now.steady}};
};

TEST_F(ViewOfThreeTest, ConcludesNothingOfAnAddressThatTwoHave) {
  for (std::size_t agent = 0; agent < 3; ++agent) {
    mesh::ProbingReport one = mesh::testing::report_of(agent == 2 ? 1 : agent);
    one.ssid = static_cast<std::uint16_t>(agent + 1);
    for (std::size_t to = 0; to < 3; ++to) {
      if (to != agent) {
        one.paths.push_back(mesh::testing::path_to(name(to), mesh::PathState::kUp, 100ms));
      }
    }
    report(agent, one);
  }
  const View& seen = view();
  EXPECT_EQ(seen.agents[0].same_address, kNoIndex);
  EXPECT_EQ(seen.agents[1].same_address, 1U);
  EXPECT_EQ(seen.agents[2].same_address, 1U);
  for (const Path& path : seen.paths) {
    EXPECT_EQ(path.state, path.to == 0 ? PathState::kUp : PathState::kUnknown);
  }
  EXPECT_EQ(kinds(), Kinds{"address_conflict"});
}

TEST_F(ViewOfThreeTest, KnowsWhoProbes) {
  report(0, mesh::testing::report_of(0));
  EXPECT_TRUE(view().agents[0].probes);
  EXPECT_EQ(view().agents[0].port, 8862);
  EXPECT_FALSE(view().agents[1].probes) << "it reports, and nothing of the mesh";
}

TEST_F(ViewOfThreeTest, TellsAPathThatFailedAgainFromOneThatLosesMost) {
  mesh::ProbingReport one = mesh::testing::report_of(0);
  one.paths = {mesh::testing::path_to(name(1), mesh::PathState::kDown, 2s),
               mesh::testing::path_to(name(2), mesh::PathState::kDown, 7s)};
  for (mesh::ReportPath& path : one.paths) path.summary.state_age = 1min;
  report(0, one);
  report(1, mesh::testing::report_of(1));
  report(2, mesh::testing::report_of(2));
  const View& seen = view();
  ASSERT_EQ(seen.paths.size(), 2U);
  EXPECT_TRUE(seen.paths[0].trickles);
  EXPECT_FALSE(seen.paths[1].trickles);
  EXPECT_EQ(seen.paths[1].since, clock_.now.steady - 7s) << "since the last answer";
}

TEST_F(ViewOfThreeTest, CallsATargetThatWasDownCutOnceThreeLookUpsFailedAnew) {
  mesh::ProbingReport one = mesh::testing::report_of(0);
  one.paths = {mesh::testing::path_to("dns-a", mesh::PathState::kDown, 12s),
               mesh::testing::path_to("dns-b", mesh::PathState::kDown, 17s)};
  for (mesh::ReportPath& path : one.paths) {
    path.relation = Relation::kTarget;
    path.kind = ProbeKind::kDns;
    path.summary.state_age = 1min;
  }
  report(0, one);
  const View& seen = view();
  ASSERT_EQ(seen.paths.size(), 2U);
  EXPECT_TRUE(seen.paths[0].trickles);
  EXPECT_FALSE(seen.paths[1].trickles);
}

TEST_F(ViewOfThreeTest, SharesALoopbackAddressOrAnAddressWithAnotherPort) {
  mesh::ProbingReport one = mesh::testing::report_of(0);
  report(0, one);
  one.port = 8863;
  report(1, one);
  one.addresses = {*IpAddress::parse("127.0.0.1")};
  report(2, one);
  report(1, one);
  EXPECT_EQ(kinds(), Kinds{});
}

TEST_F(ViewOfThreeTest, TellsTwoAgentsOfOneNameFromOneThatRestarts) {
  for (std::size_t agent = 0; agent < 3; ++agent) report(agent, mesh::testing::report_of(agent));
  mesh::ProbingReport other = mesh::testing::report_of(7);
  report(1, other);
  report(1, mesh::testing::report_of(1));
  report(1, other);
  EXPECT_EQ(kinds(), Kinds{}) << "a report may be late while its agent restarts";
  clock_.pass(5s);
  report(1, mesh::testing::report_of(1));
  EXPECT_EQ(kinds(), Kinds{"duplicate_agent"});
  EXPECT_EQ(view().agents[1].status, Agent::Status::kRestarted) << "its rows are no evidence";
  EXPECT_EQ(view().agents[1].other_addresses[0]->text(), "10.0.0.7");
  clock_.pass(1min);
  report(1, mesh::testing::report_of(1));
  EXPECT_FALSE(view().agents[1].duplicated) << "the other one is gone";
}

TEST_F(ViewOfThreeTest, TellsAClockThatIsWrongFromAReportThatIsLate) {
  for (std::size_t agent = 0; agent < 3; ++agent) report(agent, mesh::testing::report_of(agent));
  report(1, mesh::testing::report_of(1), -20s);
  EXPECT_TRUE(std::ranges::none_of(kinds(), [](auto& kind) { return kind == "clock_skew"; }));
  report(1, mesh::testing::report_of(1), -20s);
  EXPECT_EQ(kinds(), Kinds{"clock_skew"});
  EXPECT_EQ(view().agents[1].clock_skew, -20s);
  report(1, mesh::testing::report_of(1), -9s);
  EXPECT_EQ(view().agents[1].clock_skew, 0s);
}

TEST_F(ViewOfThreeTest, BlamesTheServersClockIfAllOthersDiffer) {
  for (int turn = 0; turn < 2; ++turn) {
    for (std::size_t agent = 0; agent < 3; ++agent) {
      report(agent, mesh::testing::report_of(agent), 1h + std::chrono::seconds(agent));
    }
  }
  const std::vector<Finding> findings = diagnose(view());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind, Kind::kClockSkew);
  EXPECT_EQ(findings[0].subject.type, Subject::Type::kAll);
  EXPECT_EQ(findings[0].clock_skew, 1h + 1s);
}

}  // namespace
}  // namespace meshcheck::verdict
