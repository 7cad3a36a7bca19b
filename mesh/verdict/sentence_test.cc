// What people read, and that it says no more than is known.
#include "mesh/verdict/sentence.h"

#include <gtest/gtest.h>

#include "mesh/verdict/verdict_testing.h"

namespace meshcheck::verdict {
namespace {

using testing::HandMadeMesh;
using namespace std::chrono_literals;

class SentenceTest : public ::testing::Test {
 protected:
  std::string told(std::size_t at = 0) {
    const std::vector<Finding> findings = diagnose(mesh_.view);
    if (findings.size() <= at) return "nothing";
    named_ = name(mesh_.view, findings[at]);
    return sentence(named_, {.steady = mesh_.view.now, .wall = *wall_});
  }

  HandMadeMesh mesh_{8, 2};
  Result<WallTime> wall_ = parse_wall_time("2026-11-21T12:03:17Z");  // All broke 10 s before.
  NamedFinding named_;
};

TEST_F(SentenceTest, SaysThatOnlyThePodNetworkIsBroken) {
  mesh_.cut_off(7, Layer::kPod);
  EXPECT_EQ(told(),
            "pod network of node-7 is broken (14 of 14 paths, host network fine, since 12:03:07)");
  EXPECT_EQ(next_command(named_),
            "kubectl -n kube-system get pods -o wide --field-selector spec.nodeName=node-7");
}

TEST_F(SentenceTest, SaysThatAGatewayAnswersArpAlone) {
  mesh_.edges(Relation::kGateway, [&](Path& path, Index of, Layer layer) {
    if (of == 3 && layer == Layer::kHost) mesh_.break_path(path);
    path.cross_check = mesh::CrossCheck::kAnswered;
  });
  EXPECT_EQ(told(),
            "gateway of node-3 on the host network does not answer pings, but ARP does "
            "(1 of 1 paths, since 12:03:07)");
}

TEST_F(SentenceTest, SaysTheDayOfWhatIsOld) {
  mesh_.began = mesh_.view.now - 30h;
  mesh_.cut_off(7, Layer::kPod);
  EXPECT_NE(told().find("since 2026-11-20 06:03:17"), std::string::npos) << told();
}

TEST_F(SentenceTest, SaysThatANodeIsDown) {
  mesh_.peers([&](Path& path, Index, Index to, Layer) {
    if (to == 3) mesh_.break_path(path);
  });
  mesh_.silence(mesh_.agent(3, Layer::kPod));
  mesh_.silence(mesh_.agent(3, Layer::kHost));
  EXPECT_EQ(told(),
            "node node-3 is down: 14 of 14 paths to it fail, and its agents are silent "
            "(since 12:03:07)");
  EXPECT_EQ(next_command(named_), "kubectl describe node node-3");
  mesh_.view.nodes[3].excuse = Excuse::kCordoned;
  EXPECT_NE(told().find("; expected, the node is cordoned"), std::string::npos) << told();
  mesh_.view.nodes[3].excuse = Excuse::kNotReady;
  EXPECT_NE(told().find("; Kubernetes says too that the node is not ready"), std::string::npos)
      << told();
}

TEST_F(SentenceTest, SaysWhichWayNoPacketsPass) {
  mesh_.peers([&](Path& path, Index from, Index to, Layer layer) {
    if (layer != Layer::kPod) return;
    if (from == 2 && to == 5) mesh_.break_path(path, Cut::kBackward);
    if (from == 5 && to == 2) mesh_.break_path(path, Cut::kForward);
  });
  EXPECT_EQ(told(),
            "no packets pass from node-5 to node-2 on the pod network (2 of 2 paths, since "
            "12:03:07)");
  EXPECT_EQ(next_command(named_), "kubectl get nodes -o wide") << "nobody knows an address";
  mesh_.view.agents[mesh_.agent(2, Layer::kPod)].addresses[0] = *IpAddress::parse("10.244.2.2");
  mesh_.view.agents[mesh_.agent(5, Layer::kPod)].addresses[0] = *IpAddress::parse("10.244.5.2");
  told();
  EXPECT_EQ(next_command(named_), "ping -c 10 10.244.2.2  # on node-5");
}

class ClosedPortTest : public SentenceTest {
 protected:
  ClosedPortTest() {
    for (Agent& agent : mesh_.view.agents) {
      agent.port = 8862;
      agent.addresses[0] = *IpAddress::parse("10.0.0.9");
    }
  }
  // What fails for probes, and answers pings.
  template <typename Which>
  void close(const Which& which, mesh::CrossCheck pings = mesh::CrossCheck::kAnswered) {
    mesh_.peers([&](Path& path, Index from, Index to, Layer layer) {
      if (!which(from, to, layer)) return;
      mesh_.break_path(path, Cut::kForward);
      path.cross_check = pings;
    });
  }
};

TEST_F(ClosedPortTest, IsToldOfThePort) {
  close([](Index, Index to, Layer) { return to == 3; });
  EXPECT_EQ(told(),
            "UDP port 8862 is closed to node-3: pings pass (14 of 14 paths, since 12:03:07)");
  EXPECT_EQ(next_command(named_),
            "timeout 5 tcpdump -nni any -c 1 udp src port 8862 and src host 10.0.0.9  # on node-0");
  mesh_.view.agents[mesh_.agent(3, Layer::kHost)].port = 8863;
  EXPECT_EQ(told(),
            "the UDP port of the probes is closed to node-3: pings pass (14 of 14 paths, "
            "since 12:03:07)");
  EXPECT_EQ(next_command(named_),
            "timeout 5 tcpdump -nni any -c 1 udp and src host 10.0.0.9  # on node-0")
      << "libpcap takes udp for a modifier of host where there is no and";
}

TEST_F(ClosedPortTest, IsToldOfAPairAndOfALayer) {
  close([](Index from, Index to, Layer layer) { return layer == Layer::kHost && from + to == 1; });
  EXPECT_EQ(told(),
            "UDP port 8862 is closed between node-0 and node-1 on the host network: pings "
            "pass (2 of 2 paths, since 12:03:07)");
  close([](Index from, Index to, Layer layer) {
    return layer == Layer::kPod && (from == 5 || to == 5);
  });
  EXPECT_EQ(told(),
            "UDP port 8862 is closed from and to node-5 on the pod network: pings pass "
            "(14 of 14 paths, since 12:03:07)");
  EXPECT_EQ(named_.finding.kind, Kind::kReachability) << "the pod network is not broken";
}

TEST_F(ClosedPortTest, IsToldOfAll) {
  close([](Index, Index, Layer) { return true; });
  EXPECT_EQ(told(),
            "UDP port 8862 is closed between all nodes: pings pass (112 of 112 paths, "
            "since 12:03:07)");
  EXPECT_EQ(named_.finding.kind, Kind::kReachability);
  EXPECT_EQ(named_.finding.severity, Severity::kCritical);
}

TEST_F(ClosedPortTest, IsNotGuessed) {
  const auto from_or_to = [](Index from, Index to, Layer) { return from == 3 || to == 3; };
  close(from_or_to, mesh::CrossCheck::kNone);
  EXPECT_EQ(told(),
            "network of node-3 is cut off (28 of 28 paths, its agents still report, pings "
            "not known, since 12:03:07)");
  close(from_or_to, mesh::CrossCheck::kUnanswered);
  EXPECT_EQ(told(),
            "network of node-3 is cut off (28 of 28 paths, its agents still report, since "
            "12:03:07)");
  // Some lost an echo by chance, or may not ping.
  close([](Index from, Index to, Layer) { return from == 3 || (to == 3 && from < 4); });
  EXPECT_EQ(told(),
            "no probes pass from and to node-3 (28 of 28 paths, its agents still report, 20 of 28 "
            "pings answered, since 12:03:07)");
  close([](Index from, Index to, Layer) { return to == 3 && from > 3; }, mesh::CrossCheck::kNone);
  EXPECT_EQ(pings_of(diagnose(mesh_.view).front()), Pings::kPass);
}

TEST_F(ClosedPortTest, IsNotCutOffWhileSomePingsAreAnswered) {
  const auto pair = [](Index from, Index to, Layer layer) {
    return layer == Layer::kHost && from + to == 1;
  };
  close(pair, mesh::CrossCheck::kUnanswered);
  EXPECT_EQ(told().find("no packets pass between node-0 and node-1"), 0U) << told();
  close([](Index from, Index to, Layer layer) {
    return layer == Layer::kHost && from == 0 && to == 1;
  });
  EXPECT_EQ(told(),
            "no probes pass between node-0 and node-1 on the host network (2 of 2 paths, 1 of 2 "
            "pings answered, since 12:03:07)");
  close(pair, mesh::CrossCheck::kNone);
  EXPECT_EQ(told(),
            "no probes pass between node-0 and node-1 on the host network (2 of 2 paths, pings "
            "not known, since 12:03:07)");
}

TEST_F(ClosedPortTest, IsNoBrokenPodNetworkWhileSomePingsAreAnswered) {
  const auto half = [](Index from, Index to, Layer layer) {
    return layer == Layer::kPod && (from == 5 || to == 5);
  };
  close(half, mesh::CrossCheck::kUnanswered);
  close([](Index from, Index, Layer layer) { return layer == Layer::kPod && from == 5; });
  EXPECT_EQ(told(),
            "no probes pass from and to node-5 on the pod network (14 of 14 paths, host network "
            "fine, 7 of 14 pings answered, since 12:03:07)");
  // One of ten may have been answered before all was cut.
  close(half, mesh::CrossCheck::kUnanswered);
  close([](Index from, Index to, Layer layer) {
    return layer == Layer::kPod && from == 5 && to == 1;
  });
  EXPECT_EQ(told(),
            "pod network of node-5 is broken (14 of 14 paths, host network fine, since 12:03:07)");
}

TEST_F(ClosedPortTest, IsNotSaidOfASilentNode) {
  close([](Index, Index to, Layer) { return to == 3; });
  mesh_.silence(mesh_.agent(3, Layer::kPod));
  mesh_.silence(mesh_.agent(3, Layer::kHost));
  EXPECT_EQ(told(),
            "agents of node-3 are down, and the node is not: 14 of 14 paths to them fail and they "
            "are silent, but pings of the node are answered (since 12:03:07)");
  EXPECT_EQ(named_.finding.severity, Severity::kCritical);
  EXPECT_EQ(next_command(named_),
            "kubectl get pods --all-namespaces -o wide --field-selector spec.nodeName=node-3");
}

TEST_F(ClosedPortTest, IsToldBetweenTheNetworksOfANode) {
  mesh_.edges(Relation::kTwin, [&](Path& path, Index of, Layer) {
    if (of != 2) return;
    mesh_.break_path(path);
    path.cross_check = mesh::CrossCheck::kAnswered;
  });
  EXPECT_EQ(told(),
            "UDP port 8862 is closed between host and pod network of node-2: pings pass "
            "(2 of 2 paths, since 12:03:07)");
  mesh_.edges(Relation::kTwin, [&](Path& path, Index of, Layer layer) {
    if (of == 2 && layer == Layer::kPod) path.cross_check = mesh::CrossCheck::kUnanswered;
  });
  EXPECT_EQ(told(),
            "no probes pass between host and pod network of node-2 (2 of 2 paths, 1 of 2 pings "
            "answered, since 12:03:07)");
}

TEST_F(ClosedPortTest, HidesNoFaultOfItsNodesEdges) {
  const auto from_or_to = [](Index from, Index to, Layer) { return from == 3 || to == 3; };
  const auto break_edges = [this](Relation relation) {
    mesh_.edges(relation, [&](Path& path, Index of, Layer) {
      if (of == 3) mesh_.break_path(path);
    });
  };
  mesh_.began = mesh_.view.now - 60s;
  break_edges(Relation::kGateway);
  break_edges(Relation::kTarget);
  close(from_or_to, mesh::CrossCheck::kUnanswered);
  EXPECT_EQ(testing::told(mesh_.view),
            std::vector<std::string>{"host_link node-3 both both critical 28/28"});
  close(from_or_to);
  EXPECT_EQ(testing::told(mesh_.view),
            (std::vector<std::string>{"reachability node-3 both both critical 28/28",
                                      "gateway node-3 both both critical 2/2",
                                      "dns node-3 both both warning 2/2"}));
}

TEST_F(ClosedPortTest, HidesNoLossOfTheOtherNetwork) {
  close([](Index from, Index to, Layer layer) {
    return layer == Layer::kHost && (from == 3 || to == 3);
  });
  mesh_.peers([](Path& path, Index from, Index to, Layer layer) {
    if (layer != Layer::kPod || (from != 3 && to != 3)) return;
    path.state = PathState::kDegraded;
    path.lost = 12;
    (from == 3 ? path.lost_backward : path.lost_forward) = 12;
  });
  EXPECT_EQ(testing::told(mesh_.view),
            (std::vector<std::string>{"reachability node-3 host both critical 14/14",
                                      "partial_loss node-3 pod in warning 14/14"}));
}

TEST_F(ClosedPortTest, OfAllHidesNoGateway) {
  close([](Index, Index, Layer) { return true; });
  mesh_.edges(Relation::kGateway, [&](Path& path, Index, Layer layer) {
    if (layer == Layer::kHost) mesh_.break_path(path);
  });
  EXPECT_EQ(testing::told(mesh_.view),
            (std::vector<std::string>{"reachability all both both critical 112/112",
                                      "gateway 10.0.0.254 both both critical 8/8"}));
}

TEST_F(ClosedPortTest, OfZonesHidesNoNames) {
  mesh_.began = mesh_.view.now - 60s;
  close([](Index from, Index to, Layer) { return from % 2 != to % 2; });
  mesh_.edges(Relation::kTarget, [&](Path& path, Index, Layer) { mesh_.break_path(path); });
  EXPECT_EQ(testing::told(mesh_.view),
            (std::vector<std::string>{"zone_partition zone-0,zone-1 both both critical 64/64",
                                      "dns dns.example both both critical 16/16"}));
}

TEST_F(ClosedPortTest, IsTheTwinPathsTooUnlessThatIsCut) {
  const auto from_or_to = [](Index from, Index to, Layer) { return from == 3 || to == 3; };
  close(from_or_to);
  const auto twin = [this](mesh::CrossCheck pings) {
    mesh_.edges(Relation::kTwin, [&](Path& path, Index of, Layer) {
      if (of != 3) return;
      mesh_.break_path(path);
      path.cross_check = pings;
    });
  };
  const std::string port = "reachability node-3 both both critical 28/28";
  for (const auto pings : {mesh::CrossCheck::kAnswered, mesh::CrossCheck::kNone}) {
    twin(pings);
    EXPECT_EQ(testing::told(mesh_.view), std::vector<std::string>{port});
  }
  twin(mesh::CrossCheck::kUnanswered);
  EXPECT_EQ(testing::told(mesh_.view),
            (std::vector<std::string>{port, "twin_path node-3 both both critical 2/2"}));
}

TEST_F(SentenceTest, GivesThePingThatShowsABlackHole) {
  mesh_.add_sizes();
  mesh_.view.agents[mesh_.agent(3, Layer::kHost)].addresses[0] = *IpAddress::parse("10.0.0.3");
  for (SizeResult& result : mesh_.view.sizes) {
    if (mesh_.node_of(result.receiver) != 3) continue;
    result.fragmentation_class = FragmentationClass::kBlackHole;
    result.size = static_cast<std::uint16_t>(result.link_mtu - 100);
    result.since = mesh_.began;
  }
  EXPECT_EQ(told(),
            "MTU black hole: packets above 1400 bytes vanish without a word to node-3, "
            "links have 1500 (28 of 28 paths, since 12:03:07)");
  EXPECT_EQ(next_command(named_), "ping -M do -c 3 -s 1472 10.0.0.3  # on node-0");
}

TEST_F(SentenceTest, SaysHowMuchIsLostAndHowSlowItIs) {
  mesh_.peers([&](Path& path, Index from, Index to, Layer) {
    if (from == 3 || to == 3) path.p90_us = 5450;
    if (from != 4 && to != 4) return;
    path.state = PathState::kDegraded;
    path.since = mesh_.began;
    path.lost = 9;
    (from == 4 ? path.lost_forward : path.lost_backward) = 9;
  });
  EXPECT_EQ(told(), "15.0 % of packets are lost from node-4 (28 of 28 paths, since 12:03:07)");
  EXPECT_EQ(told(1),
            "round trips of node-3 take 5.5 ms instead of 0.4 ms (28 of 28 paths, since 12:03:17)");
}

TEST_F(SentenceTest, SaysWhoDoesNotReachTheServer) {
  mesh_.silence(mesh_.agent(3, Layer::kPod), true);
  mesh_.silence(mesh_.agent(3, Layer::kHost), true);
  EXPECT_EQ(told(),
            "server is unreachable from node-3: silent, and peers say alive (2 of 2 "
            "agents, since 12:02:17)");
  for (Index agent = 0; agent < 16; ++agent) mesh_.silence(agent, true);
  EXPECT_EQ(told(), "no agent reaches the server (16 of 16 agents, since 12:02:17)");
}

TEST_F(SentenceTest, SaysWhoseClockIsWrong) {
  mesh_.view.agents[3].clock_skew = -120s;
  EXPECT_EQ(told(), "wall clock of agent host-1 is 120 s behind the server's (since 12:03:17)");
  EXPECT_EQ(next_command(named_), "timedatectl  # on node-1");
  for (Agent& agent : mesh_.view.agents) agent.clock_skew = 90s;
  EXPECT_EQ(told(),
            "the server's wall clock is 90 s behind those of most agents (16 of 16 agents, "
            "since 12:03:17)");
}

TEST_F(SentenceTest, SaysWhichAgentsCannotBeToldApart) {
  mesh_.view.agents[3].duplicated = true;
  mesh_.view.agents[3].addresses[0] = *IpAddress::parse("10.0.0.1");
  mesh_.view.agents[3].other_addresses[0] = *IpAddress::parse("10.0.0.9");
  EXPECT_EQ(told(),
            "two agents report as host-1, from 10.0.0.1 and from 10.0.0.9; what they say is not "
            "used (since 12:03:17)");
  mesh_.view.agents[3].duplicated = false;
  for (const Index agent : {3U, 5U, 7U}) mesh_.view.agents[agent].same_address = 3;
  EXPECT_EQ(told(),
            "agents host-1, host-2 and 1 more are all at one address, 10.0.0.1; paths to it are "
            "not used (since 12:03:17)");
  EXPECT_EQ(next_command(named_), "ip -br address  # on node-1 and on node-2");
}

TEST_F(SentenceTest, QuotesNamesForAShell) {
  mesh_.view.nodes[7].name = "a b;c";
  mesh_.cut_off(7, Layer::kPod);
  told();
  EXPECT_EQ(next_command(named_),
            "kubectl -n kube-system get pods -o wide --field-selector spec.nodeName='a b;c'");
}

TEST_F(SentenceTest, HasWordsAndACommandForEachKind) {
  for (int kind = 0; kind <= static_cast<int>(Kind::kKubernetesApi); ++kind) {
    for (const Subject::Type type :
         {Subject::Type::kAll, Subject::Type::kZone, Subject::Type::kZonePair, Subject::Type::kNode,
          Subject::Type::kNodePair, Subject::Type::kAgent}) {
      NamedFinding named;
      named.finding.kind = static_cast<Kind>(kind);
      named.finding.subject.type = type;
      named.finding.since = mesh_.view.now;
      named.ends[0].name = named.ends[1].name = "x";
      EXPECT_FALSE(sentence(named, {.steady = mesh_.view.now, .wall = *wall_}).empty());
      const std::string command = next_command(named);
      EXPECT_FALSE(command.empty());
      for (const char* const unknown : {"NODE", "ADDRESS", "NAME"}) {
        EXPECT_EQ(command.find(unknown), std::string::npos) << command;
      }
    }
  }
}

}  // namespace
}  // namespace meshcheck::verdict
