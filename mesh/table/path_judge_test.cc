// Which directed link of a pair is cut, as a truth table, and what is not to be called down.
#include "mesh/table/path_judge.h"

#include <gtest/gtest.h>

#include "mesh/table/table_testing.h"

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;
using testing::path_to;

// Agents a and b, each with a report interval of 1 s, whose links were fine until `cut_` ago.
class PathJudgeTest : public ::testing::Test {
 protected:
  // What both report now. `forward` is the link from a to b.
  struct Links {
    bool forward = true;
    bool backward = true;
    bool b_probes = true;
  };

  void report(const Links& links) {
    const bool fine = links.forward && links.backward;
    const auto state = fine ? PathState::kUp : PathState::kDown;
    const auto answered = fine ? 200ms : cut_;
    ProbingReport a = testing::report_of(1);
    a.agent_uptime = uptime_;
    a.paths = {path_to("b", state, answered)};
    if (links.b_probes) a.heard = {heard(2, links.backward)};
    ProbingReport b = testing::report_of(2);
    b.agent_uptime = uptime_;
    if (links.b_probes) b.paths = {path_to("a", state, answered)};
    b.heard = {heard(1, links.forward)};
    table_.report({.name = "a", .node = "node-a", .report_interval = 1s}, a, clock_.now);
    clock_.pass(b_lag_);
    table_.report({.name = "b", .node = "node-b", .report_interval = 1s}, b, clock_.now);
  }

  Heard heard(std::size_t who, bool arrives) const {
    const std::size_t from = translated_ ? 77 : who;
    return {.address = testing::address_of(from),
            .ssid = testing::report_of(who).ssid,
            .age = arrives ? 300ms : cut_};
  }

  // "state direction reason" of the path between them.
  std::string shown(const std::string& from) const {
    std::string text;
    table_.visit_agent(*table_.find(from), clock_.now, [&](const PathView& path) {
      text += mesh::text(path.judgement.state);
      text += ' ';
      text += mesh::text(path.judgement.cut);
      if (!path.judgement.reason.empty()) text += " " + std::string(path.judgement.reason);
    });
    return text;
  }

  testing::TestClock clock_;
  MeshTable table_{{}};
  std::chrono::milliseconds cut_ = 10s;
  std::chrono::milliseconds uptime_ = 1min;
  std::chrono::milliseconds b_lag_ = 0ms;
  bool translated_ = false;
};

TEST_F(PathJudgeTest, TellsWhichLinkIsCut) {
  report({});
  EXPECT_EQ(shown("a"), "up none");
  EXPECT_EQ(shown("b"), "up none");
  report({.forward = false});
  EXPECT_EQ(shown("a"), "down forward");
  EXPECT_EQ(shown("b"), "down backward");
  report({.backward = false});
  EXPECT_EQ(shown("a"), "down backward");
  EXPECT_EQ(shown("b"), "down forward");
  report({.forward = false, .backward = false});
  EXPECT_EQ(shown("a"), "down both");
  EXPECT_EQ(shown("b"), "down both");
}

TEST_F(PathJudgeTest, TellsItOfAPairOfWhichOneProbes) {
  report({.b_probes = false});
  EXPECT_EQ(shown("a"), "up none");
  report({.forward = false, .b_probes = false});
  EXPECT_EQ(shown("a"), "down forward");
  report({.backward = false, .b_probes = false});
  EXPECT_EQ(shown("a"), "down backward");
  report({.forward = false, .backward = false, .b_probes = false});
  EXPECT_EQ(shown("a"), "down forward") << "nobody knows of the way back";
}

TEST_F(PathJudgeTest, KnowsNoDirectionWhileThePeerIsSilent) {
  report({.forward = false});
  clock_.pass(1500ms);
  ProbingReport a = testing::report_of(1);
  a.paths = {path_to("b", PathState::kDown, 12s)};
  a.heard = {heard(2, true)};
  table_.report({.name = "a", .node = "node-a", .report_interval = 1s}, a, clock_.now);
  EXPECT_EQ(shown("a"), "down forward") << "b's last report is not too old";
  clock_.pass(600ms);
  EXPECT_EQ(shown("a"), "down unknown");
  EXPECT_EQ(shown("b"), "unknown none no report");
}

TEST_F(PathJudgeTest, TellsOfAPeerThatAnsweredSinceItBeganAndDoesNotAnyMore) {
  uptime_ = 1s;
  report({});
  EXPECT_EQ(shown("a"), "up none");
  clock_.pass(4s);
  ProbingReport a = testing::report_of(1);
  a.paths = {path_to("b", PathState::kDown, 2900ms)};
  table_.report({.name = "a", .node = "node-a", .report_interval = 5s}, a, clock_.now);
  EXPECT_EQ(shown("a"), "unknown none peer restarted") << "it may be about to be up";
  a.paths = {path_to("b", PathState::kDown, 3s)};
  table_.report({.name = "a", .node = "node-a", .report_interval = 5s}, a, clock_.now);
  EXPECT_TRUE(shown("a").starts_with("down")) << shown("a");
}

TEST_F(PathJudgeTest, WaitsForAReportOfThePeerThatIsYoungEnough) {
  cut_ = 2500ms;  // Both report at this age, too soon to say that nothing was heard since.
  report({.forward = false});
  EXPECT_EQ(shown("a"), "down unknown");
  cut_ = 3100ms;
  report({.forward = false});
  EXPECT_EQ(shown("a"), "down forward");
}

TEST_F(PathJudgeTest, WaitsForWhatThePeerSaysOfANewPathThatWasNeverAnswered) {
  report({.b_probes = false});
  clock_.pass(1s);
  ProbingReport a = testing::report_of(1);
  ReportPath never = path_to("c", PathState::kDown, 100ms);
  never.summary.answer_age.reset();
  a.paths = {never};
  ProbingReport c = testing::report_of(3);
  table_.report({.name = "c", .node = "node-c", .report_interval = 5s}, c, clock_.now);
  clock_.pass(1s);
  table_.report({.name = "a", .node = "node-a", .report_interval = 1s}, a, clock_.now);
  EXPECT_EQ(shown("a"), "down unknown") << "c's report is older than the path";
  clock_.pass(1s);
  table_.report({.name = "c", .node = "node-c", .report_interval = 5s}, c, clock_.now);
  EXPECT_EQ(shown("a"), "down forward");
}

TEST_F(PathJudgeTest, TakesNoProbeForLostThatMayNotHaveBeenSent) {
  ProbingReport a = testing::report_of(1);
  a.agent_uptime = uptime_;
  a.paths = {path_to("b", PathState::kDown, cut_)};
  table_.report({.name = "a", .node = "node-a", .report_interval = 10s}, a, clock_.now);
  clock_.pass(4s);
  // The answer to its report gave a another peer: b has heard nothing of it since.
  ProbingReport b = testing::report_of(2);
  b.heard = {{.address = testing::address_of(1), .ssid = a.ssid, .age = 3900ms}};
  table_.report({.name = "b", .node = "node-b", .report_interval = 10s}, b, clock_.now);
  EXPECT_EQ(shown("a"), "down backward");
}

TEST_F(PathJudgeTest, FollowsALinkThatIsCutAfterTheOther) {
  report({.backward = false});
  EXPECT_EQ(shown("a"), "down backward");
  clock_.pass(1s);
  report({.forward = false, .backward = false});
  EXPECT_EQ(shown("a"), "down both");
}

TEST_F(PathJudgeTest, KnowsWhoIsHeardUnderATranslatedAddress) {
  translated_ = true;
  report({.backward = false});
  EXPECT_EQ(shown("a"), "down backward");
  report({.forward = false});
  EXPECT_EQ(shown("a"), "down forward");
}

TEST_F(PathJudgeTest, CallsNoPathDownWhosePeerStopsOrStarts) {
  report({.forward = false, .backward = false});
  ProbingReport goodbye = testing::report_of(2);
  goodbye.agent_uptime = 2min;
  goodbye.stopping = true;
  table_.report({.name = "b", .node = "node-b", .report_interval = 1s}, goodbye, clock_.now);
  EXPECT_EQ(shown("a"), "unknown none peer is stopping");
  clock_.pass(500ms);
  ProbingReport anew = testing::report_of(3);
  anew.agent_uptime = 400ms;
  table_.report({.name = "b", .node = "node-b", .report_interval = 1s}, anew, clock_.now);
  EXPECT_EQ(shown("a"), "unknown none peer restarted");
  clock_.pass(6500ms);  // 7 s after the start: two report intervals and 5 s.
  ProbingReport a = testing::report_of(1);
  a.paths = {path_to("b", PathState::kDown, 17s)};
  table_.report({.name = "a", .node = "node-a", .report_interval = 1s}, a, clock_.now);
  EXPECT_EQ(shown("a"), "unknown none peer restarted");
  clock_.pass(200ms);
  EXPECT_EQ(shown("a"), "down unknown");
}

TEST_F(PathJudgeTest, ShowsANewPathAsUpAtOnce) {
  uptime_ = 1s;
  report({});
  EXPECT_EQ(shown("a"), "up none");
}

TEST_F(PathJudgeTest, SaysNothingOfPathsToWhoIsNotThere) {
  report({.forward = false});
  table_.leave("b");
  EXPECT_EQ(shown("a"), "unknown none no report of the peer");
}

TEST_F(PathJudgeTest, DoesNotCallAGatewayDownThatNeverAnswered) {
  ProbingReport a = testing::report_of(1);
  ReportPath gateway = path_to("10.0.0.1", PathState::kDown, 5s);
  gateway.relation = Relation::kGateway;
  gateway.summary.answer_age.reset();
  a.paths = {gateway};
  table_.report({.name = "a", .node = "node-a", .report_interval = 1s}, a, clock_.now);
  EXPECT_EQ(shown("a"), "unknown none never answered");
}

TEST_F(PathJudgeTest, TakesTheDirectionOfADegradedPathFromItsLosses) {
  ProbingReport a = testing::report_of(1);
  ReportPath gateway = path_to("10.0.0.1", PathState::kDown, 5s);
  gateway.relation = Relation::kGateway;
  a.paths = {gateway};
  table_.report({.name = "a", .node = "node-a", .report_interval = 1s}, a, clock_.now);
  EXPECT_EQ(shown("a"), "down unknown");
  gateway.summary.state = PathState::kDegraded;
  gateway.relation = Relation::kTarget;
  gateway.summary.lost = 3;
  gateway.summary.lost_backward = 2;
  a.paths = {gateway};
  table_.report({.name = "a", .node = "node-a", .report_interval = 1s}, a, clock_.now);
  EXPECT_EQ(shown("a"), "degraded backward");
}

}  // namespace
}  // namespace meshcheck::mesh
