// What opens, changes, merges and closes, and when.
#include "mesh/verdict/verdict_tracker.h"

#include <gtest/gtest.h>

#include "mesh/verdict/verdict_testing.h"

namespace meshcheck::verdict {
namespace {

using namespace std::chrono_literals;
using Type = Subject::Type;

NamedFinding of_node(Kind kind, const std::string& node) {
  NamedFinding named;
  named.finding.kind = kind;
  named.finding.subject.type = Type::kNode;
  named.finding.severity = Severity::kCritical;
  named.finding.failing = named.finding.observed = 14;
  named.ends[0] = {.name = node, .node = node, .zone = "east", .address = {}};
  return named;
}

NamedFinding of_pair(const std::string& node, const std::string& other) {
  NamedFinding named = of_node(Kind::kReachability, node);
  named.finding.subject.type = Type::kNodePair;
  named.finding.failing = named.finding.observed = 4;
  named.ends[1] = {.name = other, .node = other, .zone = "east", .address = {}};
  return named;
}

class VerdictTrackerTest : public ::testing::Test {
 protected:
  // Evaluates each half second for so long; returns "opened 1 node-3", ...
  std::vector<std::string> see(const std::vector<NamedFinding>& found, Clock::duration span) {
    std::vector<std::string> events;
    for (const Clock::time_point end = now_ + span; now_ < end;) {
      now_ += 500ms;
      std::vector<NamedFinding> copies = found;
      for (NamedFinding& named : copies) named.finding.since = since_.value_or(now_);
      view_.now = now_;
      for (const VerdictEvent& event : tracker_.update(std::move(copies), view_)) {
        events.push_back(std::string(text(event.type)) + " " + std::to_string(event.verdict.id) +
                         " " + std::string(text(event.verdict.named.finding.kind)));
        last_ = event.verdict;
      }
    }
    return events;
  }
  using Events = std::vector<std::string>;

  View view_;  // Without nodes: nothing waits for being seen.
  VerdictTracker tracker_{{}};
  Clock::time_point now_ = Clock::time_point(1h);
  std::optional<Clock::time_point> since_;
  Verdict last_;
};

TEST_F(VerdictTrackerTest, TellsThatTheKubernetesApiIsAwayBesideWhateverTheMeshHas) {
  NamedFinding all = of_node(Kind::kHostLink, "");
  all.finding.subject.type = Type::kAll;
  NamedFinding away = of_node(Kind::kKubernetesApi, "");
  away.finding.subject.type = Type::kServer;
  away.ends[0] = {.name = "server", .node = {}, .zone = {}, .address = {}};
  EXPECT_EQ(see({all}, 2s), Events{"opened 1 host_link"});
  EXPECT_EQ(see({all, away}, 2s), Events{"opened 2 kubernetes_api"});
  EXPECT_EQ(see({all}, 5s), Events{"closed 2 kubernetes_api"});
  EXPECT_FALSE(last_.merged_into);
}

TEST_F(VerdictTrackerTest, OpensWhatStandsAndClosesWhatIsGone) {
  const NamedFinding down = of_node(Kind::kNodeDown, "node-3");
  EXPECT_EQ(see({down}, 500ms), Events{});
  EXPECT_EQ(see({down}, 500ms), Events{"opened 1 node_down"});
  EXPECT_EQ(see({down}, 1min), Events{});
  EXPECT_EQ(see({}, 2500ms), Events{});
  EXPECT_EQ(see({}, 1s), Events{"closed 1 node_down"});
  EXPECT_TRUE(tracker_.open().empty());
}

TEST_F(VerdictTrackerTest, DoesNotOpenWhatFlickers) {
  const NamedFinding down = of_node(Kind::kNodeDown, "node-3");
  for (int turn = 0; turn < 20; ++turn) {
    EXPECT_EQ(see({down}, 500ms), Events{});
    EXPECT_EQ(see({}, 500ms), Events{});
  }
}

TEST_F(VerdictTrackerTest, WaitsLongerForASinglePath) {
  EXPECT_EQ(see({of_pair("node-3", "node-4")}, 500ms), Events{});
  EXPECT_EQ(see({of_pair("node-3", "node-4")}, 500ms), Events{"opened 1 reachability"});
  NamedFinding single = of_pair("node-5", "node-6");
  single.finding.failing = 1;
  EXPECT_EQ(see({of_pair("node-3", "node-4"), single}, 1s), Events{});
  EXPECT_EQ(see({of_pair("node-3", "node-4"), single}, 1s), Events{"opened 2 reachability"});
}

TEST_F(VerdictTrackerTest, TellsNoPairThatLosesPacketsBetweenZonesThatDo) {
  NamedFinding zones = of_node(Kind::kZoneDegradation, "east");
  zones.finding.subject.type = Type::kZonePair;
  zones.finding.loss = 0.1F;
  zones.ends[1] = {.name = "west", .node = {}, .zone = {}, .address = {}};
  NamedFinding pair = of_pair("node-3", "node-4");
  pair.finding.kind = Kind::kPartialLoss;
  pair.finding.loss = 0.2F;
  since_ = now_;
  EXPECT_EQ(see({zones}, 2min), Events{"opened 1 zone_degradation"});
  EXPECT_EQ(see({zones, pair}, 10s), Events{}) << "new peers made them fewer";
}

TEST_F(VerdictTrackerTest, IsOneVerdictWhileTheKindBecomesKnown) {
  see({of_node(Kind::kNodeDown, "node-3")}, 2s);
  EXPECT_EQ(see({of_node(Kind::kHostLink, "node-3")}, 1s), Events{});
  EXPECT_EQ(see({of_node(Kind::kHostLink, "node-3")}, 1s), Events{"changed 1 host_link"});
  // An agent is its node's.
  NamedFinding agent = of_node(Kind::kAgentDown, "node-3");
  agent.finding.subject.type = Type::kAgent;
  agent.ends[0].name = "pod-3";
  EXPECT_EQ(see({agent}, 4s), Events{});
  EXPECT_EQ(see({agent}, 4s), Events{"changed 1 agent_down"});
}

TEST_F(VerdictTrackerTest, KeepsTheWayThatWasKnown) {
  NamedFinding one_way = of_node(Kind::kReachability, "node-3");
  one_way.finding.way = Way::kOut;
  see({one_way}, 2s);
  NamedFinding vaguer = of_node(Kind::kHostLink, "node-3");
  vaguer.finding.way = Way::kUnknown;
  EXPECT_EQ(see({vaguer}, 10s), Events{});
  EXPECT_EQ(tracker_.open().front().named.finding.way, Way::kOut);
}

TEST_F(VerdictTrackerTest, DoesNotCallAnotherWhatIsHalfRecovered) {
  see({of_node(Kind::kNodeDown, "node-3")}, 2s);
  NamedFinding half = of_node(Kind::kHostLink, "node-3");
  half.finding.failing = 12;
  EXPECT_EQ(see({half}, 3s), Events{});
  EXPECT_EQ(see({of_pair("node-3", "node-4")}, 2s), Events{});
  EXPECT_EQ(see({of_pair("node-3", "node-4")}, 7s),
            (Events{"closed 1 node_down", "opened 2 reachability"}))
      << "the pair has waited behind it";
}

TEST_F(VerdictTrackerTest, TakesAPairForThePartOfAFaultThatComesBack) {
  see({of_node(Kind::kHostLink, "node-3")}, 2s);
  see({}, 20s);
  const NamedFinding pair = of_pair("node-3", "node-4");
  EXPECT_EQ(see({pair}, 4s), Events{});
  EXPECT_EQ(see({}, 4s), Events{}) << "it flapped";
  EXPECT_EQ(see({of_pair("node-5", "node-6")}, 1s), Events{"opened 2 reachability"});
  EXPECT_EQ(see({pair}, 6s), (Events{"closed 2 reachability", "opened 3 reachability"}));
}

TEST_F(VerdictTrackerTest, TakesTheSizesOfANodeForThePartOfAFaultThatComesBack) {
  NamedFinding all = of_node(Kind::kOverlayMtu, "");
  all.finding.subject.type = Type::kAll;
  see({all}, 6s);
  see({}, 20s);
  const NamedFinding node = of_node(Kind::kOverlayMtu, "node-3");
  EXPECT_EQ(see({node}, 12s), Events{});
  EXPECT_EQ(see({node}, 5s), Events{"opened 2 overlay_mtu"});
  see({}, 20s);
  EXPECT_EQ(see({of_node(Kind::kFragmentsDropped, "node-3")}, 8s),
            Events{"opened 3 fragments_dropped"})
      << "of the same node it is another fault";
}

TEST_F(VerdictTrackerTest, ChangesNothingByLossesThatAreOver) {
  NamedFinding loss = of_node(Kind::kPartialLoss, "node-3");
  loss.finding.loss = 0.1F;
  see({loss}, 3s);
  loss.finding.way = Way::kIn;
  loss.finding.past = true;
  EXPECT_EQ(see({loss}, 5s), Events{});
  loss.finding.past = false;
  EXPECT_EQ(see({loss}, 5s), Events{"changed 1 partial_loss"});
}

TEST_F(VerdictTrackerTest, OpensNothingWithinWhatIsFoundInPart) {
  see({of_node(Kind::kHostLink, "node-3")}, 2s);
  NamedFinding part = of_node(Kind::kHostLink, "node-3");
  part.finding.failing = 5;
  part.finding.partial = true;
  EXPECT_EQ(see({part, of_pair("node-3", "node-4")}, 10s), Events{});
  EXPECT_EQ(see({part, of_pair("node-5", "node-6")}, 2s), Events{"opened 2 reachability"});
}

TEST_F(VerdictTrackerTest, MergesIntoWhatExplainsIt) {
  see({of_pair("node-3", "node-4")}, 3s);
  EXPECT_EQ(see({of_node(Kind::kPodNetwork, "node-3")}, 1s),
            (Events{"opened 2 pod_network", "closed 1 reachability"}));
  EXPECT_EQ(last_.merged_into, 2U);
}

TEST_F(VerdictTrackerTest, CountsFlapsOfOneVerdict) {
  const NamedFinding down = of_node(Kind::kNodeDown, "node-3");
  see({down}, 2s);
  for (int turn = 0; turn < 4; ++turn) {
    see({}, 10s);
    see({down}, 2s);
  }
  ASSERT_EQ(tracker_.open().size(), 1U);
  EXPECT_EQ(tracker_.open().front().id, 1U);
  EXPECT_EQ(tracker_.open().front().flaps, 4U);
  EXPECT_EQ(see({}, 20s), Events{}) << "it closes later each time";
  EXPECT_EQ(see({}, 41s), Events{"closed 1 node_down"});
}

TEST_F(VerdictTrackerTest, IgnoresWhatAFaultLeftBehind) {
  const NamedFinding down = of_node(Kind::kNodeDown, "node-3");
  see({down}, 5s);
  since_ = now_ - 1s;
  NamedFinding names = of_node(Kind::kDns, "node-3");
  EXPECT_EQ(see({names}, 8s), Events{"closed 1 node_down"});
  EXPECT_EQ(see({names}, 60s), Events{});
  since_.reset();
  EXPECT_EQ(see({names}, 2s), Events{"opened 2 dns"}) << "this one is new";
}

TEST_F(VerdictTrackerTest, TellsTheVerySameFaultAgainHoweverSoon) {
  const NamedFinding down = of_node(Kind::kNodeDown, "node-3");
  see({down}, 5s);
  since_ = now_ + 2s;
  EXPECT_EQ(see({}, 4s), Events{"closed 1 node_down"});
  EXPECT_EQ(see({down}, 2s), Events{"opened 1 node_down"});
  EXPECT_EQ(last_.flaps, 1U);
}

TEST_F(VerdictTrackerTest, WaitsTenSecondsForThePathsOfAFaultThatIsOver) {
  see({of_node(Kind::kNodeDown, "node-3")}, 5s);
  since_ = now_;
  see({}, 4s);
  const NamedFinding pair = of_pair("node-3", "node-4");
  EXPECT_EQ(see({pair}, 9s), Events{}) << "it comes back last";
  EXPECT_EQ(see({pair}, 3s), Events{"opened 2 reachability"});
}

TEST_F(VerdictTrackerTest, TellsAgainWhatIsFoundToAnswerPings) {
  NamedFinding cut = of_node(Kind::kReachability, "node-3");
  EXPECT_EQ(see({cut}, 2s), Events{"opened 1 reachability"});
  cut.finding.cross_checks.answered = cut.finding.failing;
  EXPECT_EQ(see({cut}, 2s), Events{"changed 1 reachability"});
  EXPECT_TRUE(is_port_closed(last_.named.finding));
}

TEST_F(VerdictTrackerTest, HidesNoGatewayBehindAClosedPort) {
  NamedFinding closed = of_node(Kind::kReachability, "node-3");
  const NamedFinding gateway = of_node(Kind::kGateway, "node-3");
  const NamedFinding twin = of_node(Kind::kTwinPath, "node-3");
  see({closed}, 2s);
  EXPECT_EQ(see({closed, gateway}, 5s), Events{}) << "it is cut off";
  closed.finding.cross_checks.answered = closed.finding.failing;
  EXPECT_EQ(see({closed, gateway}, 4s), (Events{"changed 1 reachability", "opened 2 gateway"}));
  EXPECT_EQ(see({gateway, twin}, 2s), Events{}) << "the port is most likely the twin's as well";
}

TEST_F(VerdictTrackerTest, HidesLossOnlyAfterAClosedPort) {
  NamedFinding closed = of_node(Kind::kReachability, "node-3");
  closed.finding.cross_checks.answered = closed.finding.failing;
  NamedFinding loss = of_node(Kind::kPartialLoss, "node-3");
  loss.finding.loss = 0.2F;
  see({closed}, 2s);
  EXPECT_EQ(see({loss}, 2s), Events{}) << "the probes of before are lost";
  EXPECT_EQ(see({closed}, 1s), Events{});
  EXPECT_EQ(see({closed, loss}, 5s), Events{"opened 2 partial_loss"});
}

TEST_F(VerdictTrackerTest, OpensNoLossThatIsPast) {
  NamedFinding loss = of_node(Kind::kPartialLoss, "node-3");
  loss.finding.loss = 0.2F;
  loss.finding.past = true;
  EXPECT_EQ(see({loss}, 1min), Events{});
  loss.finding.past = false;
  EXPECT_EQ(see({loss}, 500ms), Events{"opened 1 partial_loss"});
  loss.finding.past = true;
  EXPECT_EQ(see({loss}, 1min), Events{}) << "it stays while it is found";
}

TEST_F(VerdictTrackerTest, TellsSizesAgainThatWereFoundChangedAfterwards) {
  NamedFinding black_hole = of_node(Kind::kMtuBlackHole, "node-3");
  EXPECT_EQ(see({black_hole}, 30s), Events{"opened 1 mtu_black_hole"});
  EXPECT_EQ(see({}, 8s), Events{"closed 1 mtu_black_hole"});
  since_ = now_ + 1s;
  EXPECT_EQ(see({black_hole}, 10s), Events{}) << "a search that had begun before";
  EXPECT_EQ(see({}, 5s), Events{});
  since_ = now_;
  EXPECT_EQ(see({black_hole}, 10s), Events{"opened 1 mtu_black_hole"}) << "the port flaps";
  EXPECT_EQ(last_.flaps, 1U);
}

TEST_F(VerdictTrackerTest, DoesNotCallHealthyWhatNobodyCanSee) {
  testing::HandMadeMesh mesh(4);
  view_ = mesh.view;
  for (Path& path : view_.paths) path.state = PathState::kUnknown;
  see({of_node(Kind::kNodeDown, "node-3")}, 2s);
  EXPECT_EQ(see({}, 20s), Events{});
  view_ = mesh.view;
  EXPECT_EQ(see({}, 5s), Events{"closed 1 node_down"});
}

TEST_F(VerdictTrackerTest, IsBounded) {
  VerdictTracker small({.verdicts_max = 3, .candidates_max = 5});
  for (int turn = 0; turn < 10; ++turn) {
    now_ += 500ms;
    std::vector<NamedFinding> many;
    for (int node = 0; node < 20; ++node) {
      many.push_back(of_node(Kind::kNodeDown, "node-" + std::to_string(node)));
    }
    view_.now = now_;
    small.update(std::move(many), view_);
    EXPECT_LE(small.open().size(), 3U);
  }
  EXPECT_GT(small.left_out(), 0U);
}

}  // namespace
}  // namespace meshcheck::verdict
