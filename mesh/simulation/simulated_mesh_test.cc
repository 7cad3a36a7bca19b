// A few seeded runs of the simulated mesh: bench/diagnosis has thousands.
#include "mesh/simulation/simulated_mesh.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "mesh/simulation/simulated_run.h"
#include "mesh/verdict/diagnosis.h"
#include "mesh/verdict/sentence.h"

namespace meshcheck::verdict::simulation {
namespace {

std::string words(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

Script script_of(std::uint64_t seed, std::vector<Fault::Type> faults) {
  Script script;
  script.mesh.seed = seed;
  for (const Fault::Type type : faults) {
    script.mesh.ipv6 = script.mesh.ipv6 || type == Fault::Type::kIpv6OfNode;
    script.mesh.sizes = script.mesh.sizes || Fault{.type = type}.of_sizes();
  }
  script.faults = std::move(faults);
  return script;
}

void expect_right(const RunOutcome& outcome, const std::string& what, double within_s = 30) {
  EXPECT_TRUE(outcome.wrong.empty()) << what << ": " << words(outcome.wrong);
  for (const FaultOutcome& of : outcome.faults) {
    EXPECT_TRUE(of.detected_s) << what << ": " << text(of.fault.type);
    EXPECT_LE(of.detected_s.value_or(0), within_s) << what << ": " << text(of.fault.type);
    // Starvation ends by itself.
    const bool lasts = of.fault.type != Fault::Type::kAgentStarved;
    EXPECT_TRUE(of.cleared_s || !lasts) << what << ": " << text(of.fault.type) << " stays";
  }
}

TEST(SimulatedMeshTest, EachFaultGetsItsVerdictAndNoOther) {
  for (std::size_t type = 0; type < Fault::kTypes; ++type) {
    const RunOutcome outcome = run(script_of(100 + type, {static_cast<Fault::Type>(type)}));
    ASSERT_EQ(outcome.faults.size(), 1U);
    expect_right(outcome, "seed " + std::to_string(100 + type));
  }
}

TEST(SimulatedMeshTest, TwoAndThreeAtOnceStayApart) {
  using Type = Fault::Type;
  expect_right(run(script_of(1, {Type::kNodeDown, Type::kPodNetwork})), "two nodes");
  expect_right(run(script_of(2, {Type::kGatewayOfAll, Type::kPairCut})), "gateway and pair");
  expect_right(run(script_of(3, {Type::kLinkDown, Type::kTwinPath, Type::kAgentDown})), "three");
}

TEST(SimulatedMeshTest, TellsAFaultThatIsBackAtOnce) {
  using Type = Fault::Type;
  for (const Type type : {Type::kNodeDown, Type::kPodNetwork, Type::kServerFromNode}) {
    Script script = script_of(7, {});
    script.episodes = {{.type = type},
                       {.type = type, .same = true, .pause = 2 * kSecond},
                       {.type = Type::kPortMtu, .same = false, .pause = 5 * kSecond},
                       {.type = Type::kPortMtu, .same = true, .pause = 30 * kSecond}};
    script.mesh.sizes = true;
    const RunOutcome outcome = run(script);
    ASSERT_EQ(outcome.faults.size(), 4U);
    for (const FaultOutcome& of : outcome.faults) {
      EXPECT_LE(of.detected_s.value_or(99), 30) << text(of.fault.type);
    }
    EXPECT_TRUE(outcome.missed.empty()) << words(outcome.missed);
  }
}

TEST(SimulatedMeshTest, TellsWhatCanBeToldOfOneTwoAndThreeNodes) {
  using Type = Fault::Type;
  for (const std::size_t nodes : {1U, 2U, 3U}) {
    for (const Type type : {Type::kNodeDown, Type::kAgentDown, Type::kTwinPath, Type::kGatewayOfAll,
                            Type::kDnsOfAll, Type::kPodNetwork, Type::kPortMtu}) {
      Script script = script_of(11, {type});
      script.mesh.nodes = nodes;
      script.mesh.zones = 1;
      if (nodes == 1 && (type == Type::kPodNetwork || type == Type::kPortMtu)) continue;
      // Four paths are all that there is between two nodes, and all have to be searched.
      expect_right(run(script), std::to_string(nodes) + " nodes", nodes == 2 ? 40 : 30);
    }
  }
}

TEST(SimulatedMeshTest, HealthyMeshWithRestartsAndChurnHasNoVerdict) {
  Script script = script_of(4, {});
  script.calm = 900 * kSecond;
  script.duration = 0;
  script.restarts_per_hour = 4;
  script.churn_per_hour = 0.6;
  const RunOutcome outcome = run(script);
  EXPECT_EQ(outcome.claims, 0U) << words(outcome.wrong);
  EXPECT_GT(outcome.evaluations, 1700U);
}

TEST(SimulatedMeshTest, OneSeedIsOneRun) {
  const Script script = script_of(5, {Fault::Type::kLossOfNode, Fault::Type::kNodeDown});
  const RunOutcome first = run(script);
  const RunOutcome second = run(script);
  ASSERT_EQ(first.faults.size(), second.faults.size());
  for (std::size_t at = 0; at < first.faults.size(); ++at) {
    EXPECT_EQ(first.faults[at].fault.node, second.faults[at].fault.node);
    EXPECT_EQ(first.faults[at].detected_s, second.faults[at].detected_s);
    EXPECT_EQ(first.faults[at].cleared_s, second.faults[at].cleared_s);
  }
}

TEST(SimulatedMeshTest, EverybodyIsUpWhileNothingHappens) {
  SimulatedMesh mesh({.seed = 6, .nodes = 60});
  for (Tick tick = 0; tick < 30 * kSecond; ++tick) mesh.step();
  const View& view = mesh.view();
  EXPECT_EQ(view.agents.size(), 120U);
  EXPECT_GE(view.paths.size(), 120U * 23) << "20 peers, a twin, a gateway, a DNS";
  for (const Path& path : view.paths) EXPECT_NE(path.state, PathState::kDown);
}

TEST(SimulatedMeshTest, KnowsNoNewAgentWhileTheApiIsAway) {
  SimulatedMesh mesh({.seed = 8});
  const auto count = [&](Agent::Status status) {
    const std::vector<Agent>& agents = mesh.view().agents;
    return std::count_if(agents.begin(), agents.end(),
                         [&](const Agent& agent) { return agent.status == status; });
  };
  const auto wait = [&](Tick ticks) {
    for (Tick tick = 0; tick < ticks; ++tick) mesh.step();
  };
  mesh.set_api_away(true);
  mesh.remove_node(3, 20 * kSecond);
  wait(60 * kSecond);
  EXPECT_EQ(count(Agent::Status::kReporting), 38);
  EXPECT_EQ(count(Agent::Status::kStopping), 2) << "nobody says that they are deleted";
  mesh.set_api_away(false);
  wait(20 * kSecond);
  EXPECT_EQ(count(Agent::Status::kReporting), 40);
}

TEST(SimulatedMeshTest, TellsFaultsWhileSomethingElseIsAway) {
  using Type = Fault::Type;
  for (const bool names : {false, true}) {
    Script script = script_of(12, {});
    script.episodes = {{.type = Type::kPodNetwork},
                       {.type = Type::kNodeDown, .same = false, .pause = 40 * kSecond},
                       {.type = Type::kGatewayOfNode, .same = false, .pause = 3 * kSecond}};
    if (names) script.meanwhile = Type::kDnsOfAll;
    script.api_away = !names;
    const RunOutcome outcome = run(script);
    ASSERT_EQ(outcome.faults.size(), 3U);
    expect_right(outcome, names ? "names away" : "API away");
  }
}

TEST(SimulatedMeshTest, NamesThePortThatIsClosedBetweenHosts) {
  for (const Fault::Type type : {Fault::Type::kPortOfNode, Fault::Type::kPortOfHosts}) {
    SimulatedMesh mesh({.seed = 9});
    Fault fault{.type = type};
    if (type == Fault::Type::kPortOfNode) fault.node = 3;
    mesh.inject(fault);
    for (Tick tick = 0; tick < 20 * kSecond; ++tick) mesh.step();
    const View& view = mesh.view();
    const std::vector<Finding> findings = diagnose(view);
    ASSERT_EQ(findings.size(), 1U) << text(type);
    const std::string told = sentence(name(view, findings[0]), {.steady = view.now});
    EXPECT_NE(told.find("UDP port 8862"), std::string::npos) << told;
  }
}

// The real server's rule, which a second copy of it did not have.
TEST(SimulatedMeshTest, WhoReportsEachSecondIsNotSilentBeforeFour) {
  SimulatedMesh mesh({.seed = 7, .server = {.report_interval = kSecond}});
  mesh.inject({.type = Fault::Type::kServerFromNode, .node = 3});
  const auto silent = [&] {
    const std::vector<Agent>& agents = mesh.view().agents;
    return std::count_if(agents.begin(), agents.end(),
                         [](const Agent& agent) { return agent.status == Agent::Status::kSilent; });
  };
  for (Tick tick = 0; tick < 3 * kSecond; ++tick) mesh.step();
  EXPECT_EQ(silent(), 0);
  for (Tick tick = 0; tick < 3 * kSecond; ++tick) mesh.step();
  EXPECT_EQ(silent(), 2);
}

}  // namespace
}  // namespace meshcheck::verdict::simulation
