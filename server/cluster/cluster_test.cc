#include "server/cluster/cluster.h"

#include <gtest/gtest.h>

#include "lib/kube/objects.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;
using verdict::Excuse;

class ClusterTest : public testing::Test {
 protected:
  static kube::Pod pod(const std::string& name, const std::string& uid = "1") {
    kube::Pod pod;
    pod.identity = {.name_space = "net", .name = name, .uid = uid};
    pod.node = "n1";
    pod.phase = "Running";
    pod.ready = true;
    return pod;
  }
  static kube::Node node(const std::string& name) {
    kube::Node node;
    node.identity = {.name_space = "", .name = name, .uid = "u"};
    node.ready = true;
    node.zone = "east";
    return node;
  }
  static Names names(const Inventory& inventory) {
    Names names;
    for (const Inventory::Entry& entry : inventory.agents) names.push_back(entry.name);
    return names;
  }

  bool tell(const kube::Pod& pod, std::size_t watch = 0) {
    return cluster_.upsert(watch, pod, now_);
  }
  Inventory inventory() const { return cluster_.expectation().inventory; }
  Names expected() const { return names(inventory()); }
  // From now on; negative: it is over.
  std::chrono::seconds due() const {
    return std::chrono::duration_cast<std::chrono::seconds>(*inventory().agents.at(0).due -
                                                            now_.steady);
  }
  void pass(std::chrono::seconds time) {
    now_.wall += time;
    now_.steady += time;
  }

  Now now_{.wall = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21),
           .steady = Clock::time_point(100h)};
  Cluster cluster_{{.start_max = 180s, .report_max = 70s, .newcomer_patience = 120s}};
};

TEST_F(ClusterTest, ExpectsPodsThatAreNeitherEndingNorFinished) {
  for (const char* const phase : {"Succeeded", "Failed"}) {
    kube::Pod finished = pod(phase);
    finished.phase = phase;
    tell(finished);
  }
  kube::Pod ending = pod("ending");
  ending.terminating = true;
  tell(ending);
  kube::Pod pending = pod("pending");
  pending.phase = "Pending";
  pending.ready = false;
  pending.node = "";
  tell(pending);
  tell(pod("running"));
  const Inventory inventory = this->inventory();
  EXPECT_EQ(names(inventory), (Names{"pending", "running"}));
  EXPECT_EQ(inventory.agents[0].not_running, "Pending, on no node yet");
  EXPECT_EQ(inventory.agents[1].not_running, "");
  EXPECT_EQ(inventory.agents[1].uid, "1");
  EXPECT_EQ(inventory.leaving, (Names{"Failed", "Succeeded", "ending"}));
}

TEST_F(ClusterTest, TellsOnlyWhatMakesADifference) {
  EXPECT_TRUE(tell(pod("a")));
  EXPECT_FALSE(tell(pod("a")));
  kube::Pod reached = pod("a");
  reached.addresses = {*IpAddress::parse("10.0.0.1")};
  EXPECT_TRUE(tell(reached));
  EXPECT_EQ(inventory().agents.at(0).addresses, reached.addresses);
  EXPECT_TRUE(cluster_.upsert(node("n1")));
  kube::Node heartbeat = node("n1");
  heartbeat.ready_since = now_.wall;
  EXPECT_FALSE(cluster_.upsert(heartbeat));
  heartbeat.unschedulable = true;
  EXPECT_TRUE(cluster_.upsert(heartbeat));
  EXPECT_TRUE(cluster_.erase_node("n1"));
  EXPECT_FALSE(cluster_.erase_node("n1"));
}

TEST_F(ClusterTest, CountsAPodOfSeveralSelectorsOnce) {
  tell(pod("a"), 0);
  tell(pod("a"), 1);
  EXPECT_EQ(expected(), Names{"a"});
  EXPECT_FALSE(cluster_.erase(0, pod("a").identity)) << "its labels still match the other one";
  EXPECT_EQ(expected(), Names{"a"});
  EXPECT_TRUE(cluster_.erase(1, pod("a").identity));
  EXPECT_EQ(expected(), Names{});
}

TEST_F(ClusterTest, GivesANewPodTime) {
  cluster_.pods_listed();
  kube::Pod starting = pod("a");
  starting.ready = false;
  starting.started = now_.wall - 1h;
  tell(starting);
  EXPECT_EQ(due(), 180s) << "it was not there a moment ago, whatever its node's clock says";
  pass(30s);
  tell(pod("a"));
  EXPECT_EQ(due(), 70s) << "it is ready";
  pass(100s);
  EXPECT_EQ(due(), -30s);
}

TEST_F(ClusterTest, ExpectsAPodAtOnceThatWasThereLongBefore) {
  kube::Pod old = pod("a");
  old.started = now_.wall - 1h;
  tell(old);
  EXPECT_LE(due(), 0s);
}

TEST_F(ClusterTest, MovesNothingFarForAClockOfANode) {
  kube::Pod pod = ClusterTest::pod("a");
  pod.started = now_.wall + 24h;
  tell(pod);
  EXPECT_EQ(due(), 70s);
}

TEST_F(ClusterTest, ExpectsTheLaterOfTwoPodsOfOneName) {
  tell(pod("a", "2"));
  tell(pod("a", "1"));
  ASSERT_EQ(expected(), Names{"a"});
  EXPECT_EQ(inventory().agents[0].uid, "1");
  EXPECT_EQ(cluster_.expectation().conflicts, Names{});
  cluster_.erase(0, pod("a", "2").identity);
  EXPECT_EQ(inventory().agents[0].uid, "1");
}

TEST_F(ClusterTest, ExpectsTheFirstOfTwoNamespaces) {
  kube::Pod other = pod("a", "2");
  other.identity.name_space = "first-in-the-alphabet";
  tell(pod("a"));
  tell(other);
  EXPECT_EQ(inventory().agents.at(0).uid, "1");
  EXPECT_EQ(cluster_.expectation().conflicts, Names{"a"});
  EXPECT_EQ(expected(), Names{"a"});
}

TEST_F(ClusterTest, DoesNotExpectPodsOfANodeThatIsGone) {
  tell(pod("a"));
  EXPECT_EQ(expected(), Names{"a"}) << "nodes are not known yet";
  cluster_.upsert(node("n1"));
  cluster_.nodes_listed();
  EXPECT_EQ(expected(), Names{"a"});
  cluster_.erase_node("n1");
  EXPECT_EQ(expected(), Names{});
}

TEST_F(ClusterTest, ExcusesCordonedNodesAndThoseThatGo) {
  tell(pod("a"));
  cluster_.upsert(node("n1"));
  EXPECT_EQ(inventory().agents[0].zone, "east");
  EXPECT_TRUE(cluster_.expectation().excuses.empty());
  kube::Node cordoned = node("n1");
  cordoned.unschedulable = true;
  cluster_.upsert(cordoned);
  EXPECT_TRUE(inventory().agents[0].excused);
  EXPECT_EQ(cluster_.expectation().excuses.at("n1"), Excuse::kCordoned);
  kube::Node leaving = node("n1");
  leaving.taints = {
      {.key = "ToBeDeletedByClusterAutoscaler", .value = "1", .effect = "NoSchedule"}};
  cluster_.upsert(leaving);
  EXPECT_TRUE(inventory().agents[0].excused);
  EXPECT_EQ(cluster_.expectation().excuses.at("n1"), Excuse::kTerminating);
}

TEST_F(ClusterTest, SaysWhyNoPodsArePutOnANode) {
  const auto state_of = [&](const kube::Node& node) {
    cluster_.upsert(node);
    return cluster_.homes().at(0).state;
  };
  cluster_.nodes_listed();
  kube::Node home = node("n1");
  home.ready = false;
  EXPECT_EQ(state_of(home), rescheduling::NodeState::kNotReady);
  home.unschedulable = true;
  EXPECT_EQ(state_of(home), rescheduling::NodeState::kCordoned);
  home.ready = true;
  EXPECT_EQ(state_of(home), rescheduling::NodeState::kCordoned);
  home.unschedulable = false;
  EXPECT_EQ(state_of(home), rescheduling::NodeState::kSchedulable);
}

TEST_F(ClusterTest, DoesNotExcuseANodeThatIsOnlyNotReady) {
  tell(pod("a"));
  kube::Node away = node("n1");
  away.ready = false;
  cluster_.upsert(away);
  EXPECT_FALSE(inventory().agents[0].excused);
  EXPECT_EQ(cluster_.expectation().excuses.at("n1"), Excuse::kNotReady);
}

}  // namespace
}  // namespace meshcheck::server
