#include "mesh/table/assigner.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "mesh/table/table_testing.h"

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;

class AssignerTest : public ::testing::Test {
 protected:
  static Assigner::Options options() {
    Assigner::Options options;
    options.neighbours.degree = 4;
    options.neighbours.full_mesh_max = 10;
    options.key = std::string(32, 'k');
    return options;
  }

  void report(std::size_t number, Layer layer = Layer::kPod, bool stopping = false) {
    assigner_.report({.name = name(number, layer),
                      .node = "node" + std::to_string(number),
                      .layer = layer,
                      .addresses = {testing::address_of(number)},
                      .port = 8862,
                      .stopping = stopping});
  }

  static std::string name(std::size_t number, Layer layer) {
    return std::string(layer == Layer::kPod ? "pod" : "host") + std::to_string(number);
  }

  std::optional<std::string> answer(std::string_view name, std::string_view held,
                                    std::chrono::seconds report_interval,
                                    std::vector<PingOrder> pings = {}) {
    return assigner_.answer(
        {.name = name, .held = held, .report_interval = report_interval, .pings = std::move(pings)},
        clock_.now);
  }

  Assignment ask(const std::string& name) {
    const auto json = answer(name, "", 5s);
    EXPECT_TRUE(json);
    const auto assignment = parse_assignment(json.value_or("{}"));
    EXPECT_TRUE(assignment) << assignment.error().message();
    return *assignment;
  }

  static std::vector<std::string> names(const Assignment& assignment) {
    std::vector<std::string> names;
    for (const Peer& peer : assignment.peers) {
      names.push_back(peer.name + (peer.relation == Peer::Relation::kTwin ? " twin" : ""));
    }
    return names;
  }

  testing::TestClock clock_;
  Assigner assigner_{options()};
};

using Names = std::vector<std::string>;

TEST_F(AssignerTest, HandsOutNoAddressThatMayBeNoPeers) {
  report(1);
  const auto claim = [this](const std::string& name, const std::string& address,
                            std::uint16_t port) {
    assigner_.report({.name = name,
                      .node = "node-of-" + name,
                      .addresses = {*IpAddress::parse(address)},
                      .link_mtus = {},
                      .port = port});
  };
  claim("multicast", "224.0.0.1", 8862);
  claim("metadata", "169.254.169.254", 8862);
  claim("dns", "10.0.0.9", 53);
  claim("loopback", "127.0.0.1", 8862);
  EXPECT_EQ(names(ask("pod1")), Names{});
  EXPECT_EQ(assigner_.addresses_refused(), 2U);
  claim("other-loopback", "127.0.0.2", 8862);
  EXPECT_EQ(names(ask("loopback")), (Names{"other-loopback", "pod1"}));
}

TEST_F(AssignerTest, GivesEachAgentItsLayersPeersAndItsTwin) {
  for (const std::size_t number : {1U, 2U, 3U}) report(number);
  for (const std::size_t number : {1U, 2U}) report(number, Layer::kHost);
  const Assignment pod = ask("pod1");
  EXPECT_EQ(names(pod), (Names{"host1 twin", "pod2", "pod3"}));
  EXPECT_EQ(pod.peers[1].node, "node2");
  EXPECT_EQ(pod.peers[1].addresses, std::vector{testing::address_of(2)});
  EXPECT_EQ(pod.peers[1].port, 8862);
  EXPECT_EQ(pod.key, options().key);
  EXPECT_EQ(pod.epoch, 0U);
  EXPECT_EQ(names(ask("host1")), (Names{"host2", "pod1 twin"}));
  EXPECT_EQ(names(ask("pod3")), (Names{"pod1", "pod2"}));
}

TEST_F(AssignerTest, TellsPeersTheMtusOfAnAgentsLinks) {
  const auto report_pmtu = [&](std::uint32_t mtu) {
    assigner_.report({.name = "pod1",
                      .node = "node1",
                      .addresses = {testing::address_of(1)},
                      .link_mtus = {mtu, 9000},  // One more than addresses.
                      .port = 8862});
  };
  report_pmtu(1450);
  report(2);
  const Assignment before = ask("pod2");
  EXPECT_EQ(before.peers.at(0).link_mtus, std::vector<std::uint32_t>{1450});
  EXPECT_TRUE(ask("pod1").peers.at(0).link_mtus.empty());
  report_pmtu(1450);
  EXPECT_FALSE(answer("pod2", before.revision, 5s));
  report_pmtu(1400);
  ASSERT_TRUE(answer("pod2", before.revision, 5s));
  EXPECT_EQ(ask("pod2").peers.at(0).link_mtus, std::vector<std::uint32_t>{1400});
}

TEST_F(AssignerTest, AnswersNothingToWhoHasTheLatest) {
  report(1);
  report(2);
  const std::string held = ask("pod1").revision;
  EXPECT_FALSE(answer("pod1", held, 5s));
  EXPECT_TRUE(answer("pod1", "other", 5s));
  EXPECT_FALSE(answer("nobody", "", 5s));
  report(1);
  EXPECT_FALSE(answer("pod1", held, 5s)) << "nothing is new";
  report(3);
  EXPECT_TRUE(answer("pod1", held, 5s));
  assigner_.leave("pod3");
  EXPECT_FALSE(answer("pod1", held, 5s)) << "it is as it was";
  assigner_.use_key(std::string(32, 'x'));
  EXPECT_TRUE(answer("pod1", held, 5s));
  EXPECT_EQ(assigner_.current("pod1")->revision, ask("pod1").revision);
}

TEST_F(AssignerTest, HandsOutNobodyWhoStopsOrCannotBeReached) {
  for (const std::size_t number : {1U, 2U, 3U}) report(number);
  report(2, Layer::kPod, true);
  EXPECT_EQ(names(ask("pod1")), Names{"pod3"});
  assigner_.report({.name = "pod4", .node = "node4", .addresses = {testing::address_of(4)}});
  assigner_.report({.name = "pod5", .node = "node5", .port = 8862});
  EXPECT_EQ(names(ask("pod1")), Names{"pod3"});
  EXPECT_EQ(names(ask("pod4")), Names{}) << "nor does it probe anybody";
  EXPECT_EQ(assigner_.nodes(), 2U);
  report(2);
  EXPECT_EQ(names(ask("pod1")), (Names{"pod2", "pod3"}));
}

TEST_F(AssignerTest, FollowsAnAgentToAnotherNode) {
  report(1);
  report(2);
  assigner_.report(
      {.name = "pod2", .node = "node1", .addresses = {testing::address_of(9)}, .port = 8862});
  EXPECT_EQ(names(ask("pod1")), Names{}) << "agents of a layer on one node";
  EXPECT_EQ(assigner_.nodes(), 1U);
  assigner_.report({.name = "lone", .addresses = {testing::address_of(7)}, .port = 8862});
  EXPECT_EQ(ask("pod1").peers[0].node, "") << "it does not say where it is";
}

TEST_F(AssignerTest, RotatesBeyondTheFullMeshAndCoversAll) {
  for (std::size_t number = 0; number < 41; ++number) report(number);
  std::set<std::string> covered;
  std::uint64_t last = 0;
  for (int epoch = 0; epoch < 13; ++epoch) {
    assigner_.tick(clock_.now);
    const Assignment assignment = ask("pod0");
    EXPECT_EQ(assignment.peers.size(), 4U);
    EXPECT_NE(assignment.epoch, last);
    last = assignment.epoch;
    for (const Peer& peer : assignment.peers) covered.insert(peer.name);
    clock_.pass(299s);
    assigner_.tick(clock_.now);
    EXPECT_FALSE(answer("pod0", assignment.revision, 5s));
    clock_.pass(1s);
  }
  EXPECT_EQ(covered.size(), 40U);
}

TEST_F(AssignerTest, GivesEachAPeerInItsZone) {
  std::unordered_map<std::string, std::string> zones;
  for (std::size_t number = 0; number < 40; ++number) {
    report(number);
    zones[name(number, Layer::kPod)] = number < 3 ? "small" : "large";
  }
  assigner_.set_zones(zones);
  for (std::size_t number = 0; number < 3; ++number) {
    std::size_t near = 0;
    for (const Peer& peer : ask(name(number, Layer::kPod)).peers) {
      near += zones[peer.name] == "small" ? 1U : 0U;
    }
    EXPECT_GT(near, 0U);
  }
}

TEST_F(AssignerTest, LetsAgentsKeepWhatTheyHaveUntilAllCouldReport) {
  Assigner::Options restarted = options();
  restarted.began = clock_.now.steady;
  assigner_ = Assigner(restarted);
  report(1);
  report(2);
  const auto first = answer("pod1", "", 5s);
  ASSERT_TRUE(first) << "it has nothing";
  EXPECT_FALSE(answer("pod2", "before", 5s));
  report(3);
  EXPECT_TRUE(answer("pod1", parse_assignment(*first)->revision, 5s))
      << "what it has is of this server";
  clock_.pass(15s);
  EXPECT_TRUE(answer("pod2", "before", 5s));
}

TEST_F(AssignerTest, StaysBelowTheSizeOfAnAssignment) {
  const std::string long_name(200, 'n');
  for (std::size_t number = 0; number < 1500; ++number) {
    assigner_.report({.name = long_name + std::to_string(number),
                      .node = "node" + std::to_string(number % 2),
                      .addresses = {testing::address_of(number)},
                      .port = 8862});
  }
  const auto json = answer(long_name + "0", "", 5s);
  ASSERT_TRUE(json);
  EXPECT_LT(json->size(), kAssignmentSizeMax);
  EXPECT_GT(json->size(), kAssignmentSizeMax / 2);
}

// 10,000 agents that report each second: what their answers take, as a number to look at.
TEST_F(AssignerTest, AnswersTenThousandAgentsInAFractionOfASecond) {
  Assigner::Options large;
  large.key = std::string(32, 'k');
  Assigner assigner(large);
  constexpr std::size_t kNodes = 5000;
  const auto all = [&](auto&& act) {
    const auto begin = Clock::now();
    for (std::size_t number = 0; number < kNodes; ++number) {
      for (const Layer layer : {Layer::kPod, Layer::kHost}) {
        const std::string agent = name(number, layer);
        assigner.report({.name = agent,
                         .node = "node" + std::to_string(number),
                         .layer = layer,
                         .addresses = {testing::address_of(number)},
                         .port = 8862});
        act(agent);
      }
    }
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  };
  all([](const std::string&) {});
  std::unordered_map<std::string, std::string> held;
  const double first = all([&](const std::string& agent) {
    const auto json = assigner.answer(
        {.name = agent, .held = "", .report_interval = 1s, .pings = {}}, clock_.now);
    held[agent] = parse_assignment(*json)->revision;
  });
  const double usual = all([&](const std::string& agent) {
    EXPECT_FALSE(assigner.answer(
        {.name = agent, .held = held[agent], .report_interval = 1s, .pings = {}}, clock_.now));
  });
  std::size_t changed = 0;
  assigner.leave("pod17");
  assigner.leave("host17");
  const double change = all([&](const std::string& agent) {
    changed +=
        assigner.answer({.name = agent, .held = held[agent], .report_interval = 1s, .pings = {}},
                        clock_.now)
            ? 1U
            : 0U;
  });
  RecordProperty("first_ms", std::to_string(first));
  RecordProperty("usual_ms", std::to_string(usual));
  RecordProperty("after_a_change_ms", std::to_string(change));
  EXPECT_LT(usual, first) << "who has the latest costs less";
  EXPECT_LT(changed, 200U);
}

TEST_F(AssignerTest, RanksTheFirstEightOfALayer) {
  for (std::size_t number = 0; number < 12; ++number) report(number);
  report(1, Layer::kHost);
  EXPECT_EQ(ask("host1").rank, 0U);
  std::map<std::uint32_t, std::string> ranked;
  for (std::size_t number = 0; number < 12; ++number) {
    if (const auto rank = ask(name(number, Layer::kPod)).rank) {
      EXPECT_TRUE(ranked.emplace(*rank, name(number, Layer::kPod)).second);
    }
  }
  ASSERT_EQ(ranked.size(), 8U);
  EXPECT_EQ(ranked.rbegin()->first, 7U);
  // Those after one that leaves move up, those before stay.
  assigner_.leave(ranked[2]);
  EXPECT_EQ(ask(ranked[1]).rank, 1U);
  EXPECT_EQ(ask(ranked[3]).rank, 2U);
  EXPECT_EQ(ask(ranked[7]).rank, 6U);
}

TEST_F(AssignerTest, DoesNotRankWhoIsStopping) {
  report(1);
  report(2);
  const bool first = ask("pod1").rank == 0U;
  report(first ? 1 : 2, Layer::kPod, /*stopping=*/true);
  EXPECT_EQ(ask(first ? "pod2" : "pod1").rank, 0U);
}

}  // namespace
}  // namespace meshcheck::mesh
