// Each kind of fault from a view written by hand, and faults in pairs.
#include "mesh/verdict/diagnosis.h"

#include <gtest/gtest.h>

#include "mesh/verdict/verdict_testing.h"

namespace meshcheck::verdict {
namespace {

using testing::HandMadeMesh;
using testing::told;
using Lines = std::vector<std::string>;
using namespace std::chrono_literals;

void cut_pair(HandMadeMesh& mesh, Index a, Index b, Layer layer) {
  mesh.peers([&](Path& path, Index from, Index to, Layer of) {
    if (of != layer) return;
    if (from == a && to == b) mesh.break_path(path, Cut::kForward);
    if (from == b && to == a) mesh.break_path(path, Cut::kBackward);
  });
}

// Between zones, as those see it that are not silent.
void part(HandMadeMesh& mesh, Index zone, Index other) {
  mesh.peers([&](Path& path, Index from, Index to, Layer) {
    const Index a = mesh.view.nodes[from].zone;
    const Index b = mesh.view.nodes[to].zone;
    if ((a == zone && b == other) || (a == other && b == zone)) mesh.break_path(path, Cut::kBoth);
  });
}

TEST(DiagnosisTest, HasNothingToSayOfAHealthyMesh) {
  EXPECT_EQ(told(HandMadeMesh(8, 2).view, true), Lines{});
  EXPECT_EQ(told(View{}, true), Lines{});
}

TEST(DiagnosisTest, TellsANodeThatIsDownBeforeItIsOutdated) {
  HandMadeMesh mesh(8);
  mesh.kill(3);
  EXPECT_EQ(told(mesh.view), Lines{"node_down node-3 both unknown critical 14/14"});
}

TEST(DiagnosisTest, TellsANodeThatIsDownAfterwardsToo) {
  HandMadeMesh mesh(8, 3);
  mesh.kill(3, true);
  EXPECT_EQ(told(mesh.view), Lines{"node_down node-3 both unknown critical 14/14"});
}

TEST(DiagnosisTest, TellsANodeOfASmallClusterThatIsDown) {
  HandMadeMesh two(2);
  two.kill(1);
  EXPECT_EQ(told(two.view), Lines{"node_down node-1 both unknown critical 2/2"});
  HandMadeMesh three(3, 3);
  three.kill(1);
  EXPECT_EQ(told(three.view), Lines{"node_down node-1 both unknown critical 4/4"});
}

TEST(DiagnosisTest, TellsTheOverlayOfThreeNodesFromANodeThatIsCutOff) {
  HandMadeMesh overlay(3);
  for (const Index other : {1U, 2U}) cut_pair(overlay, 0, other, Layer::kPod);
  cut_pair(overlay, 1, 2, Layer::kPod);
  EXPECT_EQ(told(overlay.view), Lines{"pod_network all pod both critical 6/6"});
  HandMadeMesh two(3);
  two.kill(1, true);
  two.kill(2, true);
  EXPECT_EQ(told(two.view), Lines{"host_link node-0 both unknown critical 4/4"})
      << "one fault, and the server may be on that node; all would be three";
}

TEST(DiagnosisTest, TellsALinkFromANodeSinceItsAgentsReport) {
  HandMadeMesh mesh(8);
  mesh.cut_off(3, Layer::kPod);
  mesh.cut_off(3, Layer::kHost);
  EXPECT_EQ(told(mesh.view), Lines{"host_link node-3 both both critical 28/28"});
}

TEST(DiagnosisTest, TellsThePodNetworkOfANode) {
  HandMadeMesh mesh(8);
  mesh.cut_off(3, Layer::kPod);
  EXPECT_EQ(told(mesh.view), Lines{"pod_network node-3 pod both critical 14/14"});
}

TEST(DiagnosisTest, TellsADeadAgentSinceItsTwinMissesItToo) {
  HandMadeMesh mesh(8);
  mesh.peers([&](Path& path, Index, Index to, Layer layer) {
    if (to == 3 && layer == Layer::kPod) mesh.break_path(path);
  });
  mesh.silence(mesh.agent(3, Layer::kPod));
  mesh.edges(Relation::kTwin, [&](Path& path, Index of, Layer layer) {
    if (of == 3 && layer == Layer::kHost) mesh.break_path(path);
  });
  EXPECT_EQ(told(mesh.view), Lines{"agent_down pod-3 pod unknown warning 7/7"});
}

TEST(DiagnosisTest, TellsADeadAgentOfTheHostSinceThePodsOnItLive) {
  HandMadeMesh mesh(8);
  mesh.peers([&](Path& path, Index, Index to, Layer layer) {
    if (to == 3 && layer == Layer::kHost) mesh.break_path(path);
  });
  mesh.silence(mesh.agent(3, Layer::kHost));
  EXPECT_EQ(told(mesh.view), Lines{"agent_down host-3 host unknown warning 7/7"});
}

TEST(DiagnosisTest, BlamesThePodNetworkOfASilentPodThatItsTwinReaches) {
  HandMadeMesh mesh(8);
  mesh.peers([&](Path& path, Index, Index to, Layer layer) {
    if (to == 3 && layer == Layer::kPod) mesh.break_path(path);
  });
  mesh.silence(mesh.agent(3, Layer::kPod));
  EXPECT_EQ(told(mesh.view), Lines{"pod_network node-3 pod unknown critical 7/7"});
}

TEST(DiagnosisTest, TellsWhichWayANodeIsCutOff) {
  HandMadeMesh mesh(8);
  mesh.peers([&](Path& path, Index from, Index to, Layer layer) {
    if (layer != Layer::kPod) return;
    if (from == 3) mesh.break_path(path, Cut::kForward);
    if (to == 3) mesh.break_path(path, Cut::kBackward);
  });
  EXPECT_EQ(told(mesh.view), Lines{"reachability node-3 pod out critical 14/14"});
}

TEST(DiagnosisTest, TellsAPairAndItsWay) {
  HandMadeMesh mesh(8);
  cut_pair(mesh, 2, 5, Layer::kPod);
  EXPECT_EQ(told(mesh.view), Lines{"reachability node-2,node-5 pod out warning 2/2"});
  cut_pair(mesh, 2, 5, Layer::kHost);
  EXPECT_EQ(told(mesh.view), Lines{"reachability node-2,node-5 both out warning 4/4"});
}

TEST(DiagnosisTest, WaitsBeforeItBlamesAPair) {
  HandMadeMesh mesh(8);
  mesh.began = mesh.view.now - 1s;
  cut_pair(mesh, 2, 5, Layer::kPod);
  EXPECT_EQ(told(mesh.view), Lines{});
}

TEST(DiagnosisTest, TellsANodeThatIsPartlyCutOff) {
  HandMadeMesh mesh(20);
  for (Index other = 5; other < 11; ++other) cut_pair(mesh, 2, other, Layer::kPod);
  EXPECT_EQ(told(mesh.view), Lines{"pod_network node-2 pod out partial warning 12/38"});
}

TEST(DiagnosisTest, TellsTheTwinPath) {
  HandMadeMesh mesh(8);
  mesh.break_twin(3);
  EXPECT_EQ(told(mesh.view), Lines{"twin_path node-3 both both critical 2/2"});
}

TEST(DiagnosisTest, TellsTheGatewayOfOneFromTheGatewayOfAll) {
  HandMadeMesh mesh(8);
  mesh.edges(Relation::kGateway, [&](Path& path, Index of, Layer layer) {
    if (of == 3 && layer == Layer::kHost) mesh.break_path(path);
  });
  EXPECT_EQ(told(mesh.view), Lines{"gateway node-3 host both critical 1/1"});
  mesh.edges(Relation::kGateway, [&](Path& path, Index, Layer layer) {
    if (layer == Layer::kHost) mesh.break_path(path);
  });
  EXPECT_EQ(told(mesh.view), Lines{"gateway 10.0.0.254 both both critical 8/8"});
}

TEST(DiagnosisTest, TellsAPodNetworkAtOnceBesideAnAgentOfNetcheckers) {
  HandMadeMesh mesh(8);
  mesh.began = mesh.view.now - 5s;
  mesh.cut_off(3, Layer::kPod);
  const Lines expected{"pod_network node-3 pod both critical 14/14"};
  EXPECT_EQ(told(mesh.view), expected);
  // By its name it is the host's, and it probes nobody.
  mesh.view.agents.push_back({.name = "netchecker-agent-hostnet-x",
                              .node = 3,
                              .layer = Layer::kHost,
                              .probes = false,
                              .reported = mesh.view.now});
  EXPECT_EQ(told(mesh.view), expected);
}

TEST(DiagnosisTest, WarnsOfAGatewayThatLivesAndAnswersNoPings) {
  HandMadeMesh mesh(8);
  mesh.edges(Relation::kGateway, [&](Path& path, Index of, Layer layer) {
    if (layer != Layer::kHost) return;
    mesh.break_path(path);
    if (of != 3) path.cross_check = mesh::CrossCheck::kAnswered;
  });
  EXPECT_EQ(told(mesh.view), Lines{"gateway 10.0.0.254 both both critical 8/8"}) << "not for all";
  mesh.edges(Relation::kGateway,
             [&](Path& path, Index, Layer) { path.cross_check = mesh::CrossCheck::kAnswered; });
  EXPECT_EQ(told(mesh.view), Lines{"gateway 10.0.0.254 both both warning 8/8"});
}

TEST(DiagnosisTest, TellsTheDnsOfAllFromThatOfOneNode) {
  HandMadeMesh mesh(8);
  mesh.edges(Relation::kTarget, [&](Path& path, Index of, Layer) {
    if (of == 3) mesh.break_path(path);
  });
  EXPECT_EQ(told(mesh.view), Lines{"dns node-3 both both warning 2/2"});
  mesh.edges(Relation::kTarget, [&](Path& path, Index, Layer) { mesh.break_path(path); });
  EXPECT_EQ(told(mesh.view), Lines{"dns dns.example both both critical 16/16"});
}

TEST(DiagnosisTest, TellsAPartitionOfZonesAndNotItsNodes) {
  HandMadeMesh mesh(12, 3);
  part(mesh, 0, 1);
  EXPECT_EQ(told(mesh.view), Lines{"zone_partition zone-0,zone-1 both both critical 64/64"});
  part(mesh, 0, 2);
  EXPECT_EQ(told(mesh.view), Lines{"zone_partition zone-0 both both critical 128/128"});
}

TEST(DiagnosisTest, TellsAPartitionOfWhichOneSideIsSilent) {
  HandMadeMesh mesh(12, 2);
  part(mesh, 0, 1);
  for (Index node = 1; node < 12; node += 2) {
    mesh.silence(mesh.agent(node, Layer::kPod));
    mesh.silence(mesh.agent(node, Layer::kHost));
  }
  EXPECT_EQ(told(mesh.view), Lines{"zone_partition zone-0,zone-1 both both critical 72/72"});
}

TEST(DiagnosisTest, BlamesTheNodeThatIsAloneInItsZone) {
  HandMadeMesh mesh(7, 3);
  mesh.view.nodes[4].zone = 0;  // Of zone 1 node 1 is left.
  part(mesh, 1, 0);
  part(mesh, 1, 2);
  EXPECT_EQ(told(mesh.view), Lines{"host_link node-1 both both critical 24/24"});
}

TEST(DiagnosisTest, SaysWhenThePodNetworkIsBrokenEverywhere) {
  HandMadeMesh mesh(8);
  for (Index node = 0; node < 8; ++node) mesh.cut_off(node, Layer::kPod);
  EXPECT_EQ(told(mesh.view), Lines{"pod_network all pod both critical 56/56"});
}

TEST(DiagnosisTest, SaysIfOnlyIpv6IsBroken) {
  HandMadeMesh mesh(8, 1, true);
  mesh.peers([&](Path& path, Index from, Index to, Layer) {
    if ((from == 3 || to == 3) && path.family == PathFamily::kIpv6) {
      mesh.break_path(path, Cut::kForward);
    }
  });
  EXPECT_EQ(told(mesh.view), Lines{"host_link node-3 both both ipv6 critical 28/28"});
}

TEST(DiagnosisTest, TellsTheWayInWhichANodeLosesPackets) {
  HandMadeMesh mesh(8);
  mesh.peers([&](Path& path, Index from, Index to, Layer) {
    if (from != 3 && to != 3) return;
    path.state = PathState::kDegraded;
    path.lost = 9;
    (from == 3 ? path.lost_forward : path.lost_backward) = 9;
  });
  EXPECT_EQ(told(mesh.view), Lines{"partial_loss node-3 both out warning 28/28"});
}

TEST(DiagnosisTest, CallsAPathThatStillTricklesLossyAndNotCut) {
  HandMadeMesh mesh(8);
  mesh.peers([&](Path& path, Index from, Index to, Layer) {
    if (from != 3 && to != 3) return;
    mesh.break_path(path, Cut::kUnknown);
    path.trickles = true;
    path.lost = 40;
  });
  EXPECT_EQ(told(mesh.view), Lines{"partial_loss node-3 both both warning 56/56"});
}

TEST(DiagnosisTest, IgnoresChanceLossesOfSinglePaths) {
  HandMadeMesh mesh(20);
  std::size_t count = 0;
  mesh.peers([&](Path& path, Index, Index, Layer) {
    if (++count % 40 != 0) return;
    path.state = PathState::kDegraded;
    path.lost = path.lost_forward = 3;
  });
  EXPECT_EQ(told(mesh.view), Lines{});
}

TEST(DiagnosisTest, TellsANodeThatIsSlowerThanItUsedToBe) {
  HandMadeMesh mesh(8);
  mesh.peers([&](Path& path, Index from, Index to, Layer) {
    if (from == 3 || to == 3) path.p90_us = 5400;
  });
  EXPECT_EQ(told(mesh.view), Lines{"latency node-3 both unknown warning 28/28"});
}

TEST(DiagnosisTest, TellsDegradationBetweenZones) {
  HandMadeMesh mesh(12, 3);
  mesh.peers([&](Path& path, Index from, Index to, Layer) {
    const Index zone = mesh.view.nodes[from].zone + mesh.view.nodes[to].zone;
    if (zone == 1) path.p50_us = 5300;  // Between 0 and 1.
  });
  EXPECT_EQ(told(mesh.view), Lines{"zone_degradation zone-0,zone-1 both unknown warning 64/64"});
}

TEST(DiagnosisTest, TellsTheServerFromTheNodeThatCannotReachIt) {
  HandMadeMesh mesh(8, 2);
  mesh.silence(mesh.agent(3, Layer::kPod), true);
  mesh.silence(mesh.agent(3, Layer::kHost), true);
  EXPECT_EQ(told(mesh.view), Lines{"server_unreachable node-3 both out warning 2/2"});
  for (Index node = 1; node < 8; node += 2) {
    mesh.silence(mesh.agent(node, Layer::kPod), true);
    mesh.silence(mesh.agent(node, Layer::kHost), true);
  }
  EXPECT_EQ(told(mesh.view), Lines{"server_unreachable zone-1 both out warning 8/8"});
  for (Index agent = 0; agent < 16; ++agent) mesh.silence(agent, true);
  EXPECT_EQ(told(mesh.view), Lines{"server_unreachable all both out critical 16/16"});
}

TEST(DiagnosisTest, BlamesNoAgentWhoseTwinHasNotHadToReportSince) {
  HandMadeMesh mesh(3);
  const Index pod = mesh.agent(1, Layer::kPod);
  Agent& host = mesh.view.agents[mesh.agent(1, Layer::kHost)];
  mesh.silence(pod, true);
  mesh.view.agents[pod].reported = mesh.view.now - 10s;
  mesh.view.agents[pod].report_interval = 5s;
  host.reported = mesh.view.now - 6s;
  EXPECT_EQ(told(mesh.view), Lines{}) << "the node may be it";
  host.reported = mesh.view.now - 4s;
  EXPECT_EQ(told(mesh.view), Lines{"server_unreachable pod-1 pod out warning 1/1"});
}

TEST(DiagnosisTest, MissesAnAgentThatNeverReported) {
  HandMadeMesh mesh(4);
  const Index agent = mesh.agent(3, Layer::kPod);
  std::erase_if(mesh.view.paths, [&](const Path& path) {
    return path.from == agent || (path.relation <= Relation::kTwin && path.to == agent);
  });
  mesh.view.agents[agent].status = Agent::Status::kNeverReported;
  EXPECT_EQ(told(mesh.view), Lines{"agent_down pod-3 pod both warning 0/0"});
  mesh.view.agents[agent].expected = false;
  EXPECT_EQ(told(mesh.view), Lines{});
}

TEST(DiagnosisTest, TakesNoEvidenceFromWhoDidNotRun) {
  HandMadeMesh mesh(8);
  mesh.view.agents[mesh.agent(3, Layer::kPod)].status = Agent::Status::kStarved;
  mesh.view.agents[mesh.agent(5, Layer::kHost)].clock_jump = 90s;
  mesh.peers([&](Path& path, Index from, Index to, Layer layer) {
    if (layer != Layer::kPod) return;
    if (from == 3) path.state = PathState::kUnknown;
    if (to == 3) mesh.break_path(path);
  });
  EXPECT_EQ(told(mesh.view, true), (Lines{"agent_starved pod-3 pod both info 1/1",
                                          "clock_jump host-5 host both info 1/1"}));
}

TEST(DiagnosisTest, IsNotAlarmedByANodeThatIsExpectedToBeSilent) {
  HandMadeMesh mesh(8);
  mesh.kill(3);
  mesh.view.nodes[3].excuse = Excuse::kTerminating;
  EXPECT_EQ(told(mesh.view, true), Lines{"node_down node-3 both unknown info 14/14"});
}

TEST(DiagnosisTest, IsStillAlarmedByANodeThatIsNotReady) {
  HandMadeMesh mesh(8);
  mesh.kill(3);
  mesh.view.nodes[3].excuse = Excuse::kNotReady;
  EXPECT_EQ(told(mesh.view, true), Lines{"node_down node-3 both unknown critical 14/14"});
}

// Two and three at once.

TEST(DiagnosisTest, KeepsTwoAndThreeFaultsApart) {
  HandMadeMesh mesh(12, 3);
  mesh.kill(3);
  mesh.cut_off(7, Layer::kPod);
  EXPECT_EQ(told(mesh.view), (Lines{"node_down node-3 both unknown critical 22/22",
                                    "pod_network node-7 pod both critical 21/21"}));
  cut_pair(mesh, 1, 2, Layer::kHost);
  cut_pair(mesh, 1, 2, Layer::kPod);
  EXPECT_EQ(told(mesh.view), (Lines{"node_down node-3 both unknown critical 22/22",
                                    "pod_network node-7 pod both critical 21/21",
                                    "reachability node-1,node-2 both out warning 4/4"}));
}

TEST(DiagnosisTest, KeepsAPartitionAndADeadNodeApart) {
  HandMadeMesh mesh(12, 3);
  part(mesh, 0, 1);
  mesh.kill(3);  // In zone 0.
  EXPECT_EQ(told(mesh.view), (Lines{"zone_partition zone-0,zone-1 both both critical 56/56",
                                    "node_down node-3 both unknown critical 22/22"}));
}

TEST(DiagnosisTest, LeavesOutWhatABrokenHostExplains) {
  HandMadeMesh mesh(8);
  mesh.cut_off(3, Layer::kPod);
  mesh.cut_off(3, Layer::kHost);
  mesh.edges(Relation::kGateway, [&](Path& path, Index of, Layer) {
    if (of == 3) mesh.break_path(path);
  });
  mesh.edges(Relation::kTarget, [&](Path& path, Index of, Layer) {
    if (of == 3) mesh.break_path(path);
  });
  mesh.break_twin(3);
  EXPECT_EQ(told(mesh.view), Lines{"host_link node-3 both both critical 28/28"});
}

}  // namespace
}  // namespace meshcheck::verdict
