#include "mesh/rescheduling/rescheduling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "mesh/rescheduling/spread.h"

namespace meshcheck::rescheduling {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Counts = std::vector<std::size_t>;

TEST(SpreadTest, IsUpmeters) {
  EXPECT_EQ(spread(5, {1, 1}), (Counts{3, 2}));
  EXPECT_EQ(spread(5, {3, 3, 3}), (Counts{2, 2, 1}));
  EXPECT_EQ(spread(5, {1, 2}), (Counts{2, 3}));
  EXPECT_EQ(spread(5, {1, 2, 5}), (Counts{1, 2, 2}));
  EXPECT_EQ(spread(5, {10, 1, 1}), (Counts{3, 1, 1}));
}

TEST(SpreadTest, GivesEverybodyAPlace) {
  EXPECT_EQ(spread(5, {}), Counts{});
  EXPECT_EQ(spread(5, {7}), Counts{5});
  EXPECT_EQ(spread(0, {1, 2}), (Counts{0, 0}));
  for (std::size_t instances = 1; instances < 20; ++instances) {
    std::size_t sum = 0;
    for (const std::size_t count : spread(instances, {4, 1, 9, 2})) sum += count;
    EXPECT_EQ(sum, instances);
  }
}

// Three instances on three nodes of one zone, of which a fourth is free; all are well, and
// smoke-mini-a is the oldest.
class ReschedulingTest : public testing::Test {
 protected:
  ReschedulingTest() {
    for (const char* name : {"n1", "n2", "n3", "n4"}) {
      cluster_.nodes.push_back({.name = name, .zone = "east"});
    }
    add("a", "n1", minutes(45));
    add("b", "n2", minutes(35));
    add("c", "n3", minutes(25));
  }

  void add(const std::string& name, const std::string& node, seconds age) {
    cluster_.instances.push_back({.name = name,
                                  .node = node,
                                  .assigned = now_ - age,
                                  .storage_class = "",
                                  .pod = Pod{now_ - age, true, now_ - age}});
  }
  std::optional<Move> next(std::uint64_t seed = 1) {
    const auto move = next_move(cluster_, Rules(), now_, seed);
    EXPECT_TRUE(move) << move.error().message();
    return move ? *move : std::nullopt;
  }
  Instance& instance(const std::string& name) {
    return *std::find_if(cluster_.instances.begin(), cluster_.instances.end(),
                         [&](const Instance& one) { return one.name == name; });
  }
  Node& node(const std::string& name) {
    return *std::find_if(cluster_.nodes.begin(), cluster_.nodes.end(),
                         [&](const Node& one) { return one.name == name; });
  }
  void make_unready(const std::string& name, seconds since) {
    instance(name).pod->ready = false;
    instance(name).pod->ready_changed = now_ - since;
  }
  void expect(const std::string& name, Why why, Deletion deletion = Deletion::kPod) {
    const auto move = next();
    ASSERT_TRUE(move);
    EXPECT_EQ(move->instance, name);
    EXPECT_EQ(move->why, why);
    EXPECT_EQ(move->deletion, deletion);
  }

  const WallTime now_ = *parse_wall_time("2026-11-21T12:00:00Z");
  Cluster cluster_;
};

TEST_F(ReschedulingTest, MovesTheOldestToTheNodeWithTheFewest) {
  const Move move{.instance = "a", .node = "n4", .why = Why::kOldest, .deletion = Deletion::kPod};
  EXPECT_EQ(next(), move);
}

TEST_F(ReschedulingTest, LeavesPodsForAsManyPeriodsAsThereAreOthers) {
  for (const char* name : {"b", "c"}) instance(name).pod->created = now_ - minutes(15);
  instance("a").pod->created = now_ - minutes(20);
  expect("a", Why::kOldest);
  instance("a").pod->created = now_ - minutes(20) + seconds(1);
  EXPECT_FALSE(next());
}

TEST_F(ReschedulingTest, MovesOneInAPeriod) {
  instance("c").pod->created = now_ - minutes(10);
  expect("a", Why::kOldest);
  instance("c").pod->created = now_ - minutes(10) + seconds(1);
  EXPECT_FALSE(next());
}

TEST_F(ReschedulingTest, MovesNobodyWhileSomebodyIsOnItsWay) {
  make_unready("c", seconds(60));
  EXPECT_FALSE(next()) << "it may still become ready";
  node("n1").state = NodeState::kCordoned;
  EXPECT_FALSE(next());
  make_unready("c", seconds(61));
  expect("a", Why::kNodeCordoned);
}

TEST_F(ReschedulingTest, WaitsForThePodOfANewAssignment) {
  instance("b").pod.reset();
  instance("b").assigned = now_ - seconds(59);
  EXPECT_FALSE(next());
  instance("b").assigned = now_ - seconds(60);
  expect("b", Why::kPodAbsent);
}

TEST_F(ReschedulingTest, TakesTheWorstTroubleFirst) {
  make_unready("a", minutes(2));
  expect("a", Why::kPodNotReady);
  instance("b").pod.reset();
  expect("b", Why::kPodAbsent);
  instance("c").storage_class = "slow";
  expect("c", Why::kStorageClass, Deletion::kStatefulSet);
  node("n1").state = NodeState::kCordoned;
  expect("a", Why::kNodeCordoned);
  instance("b").node = "n9";
  expect("b", Why::kNodeGone, Deletion::kVolume);
  instance("c").node.reset();
  expect("c", Why::kUnassigned, Deletion::kVolume);
  instance("a").volume_ends = true;
  expect("a", Why::kVolumeEnds, Deletion::kVolume);
}

TEST_F(ReschedulingTest, TakesNoReadyPodAgainstTheBudget) {
  cluster_.disruptions_allowed = 1;
  expect("a", Why::kOldest);
  cluster_.disruptions_allowed = 0;
  EXPECT_FALSE(next());
  node("n1").state = NodeState::kCordoned;
  EXPECT_FALSE(next()) << "it still serves where it is";
  make_unready("b", minutes(2));
  expect("b", Why::kPodNotReady);
}

TEST_F(ReschedulingTest, ChoosesAmongEqualNodesByTheSeed) {
  cluster_.nodes.push_back({.name = "n5", .zone = "east"});
  std::set<std::string> nodes;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    nodes.insert(next(seed)->node);
    EXPECT_EQ(next(seed), next(seed));
  }
  EXPECT_EQ(nodes, (std::set<std::string>{"n4", "n5"}));
}

TEST_F(ReschedulingTest, LeavesTheZoneThatHasTooMany) {
  node("n4").zone = "west";
  // Three nodes against one: {2, 1} belong there, and all three are in the east.
  const Move move{
      .instance = "a", .node = "n4", .why = Why::kOldest, .deletion = Deletion::kVolume};
  EXPECT_EQ(next(), move);
}

TEST_F(ReschedulingTest, StaysInItsZoneIfThatHasNoMoreThanItsShare) {
  node("n3").zone = "west";
  node("n4").zone = "west";
  // {2, 1} again: a and b are in the east, whose nodes are both taken.
  const Move move{.instance = "a", .node = "n2", .why = Why::kOldest, .deletion = Deletion::kPod};
  EXPECT_EQ(next(), move);
}

TEST_F(ReschedulingTest, TakesTheNextOldestIfTheOldestHasNowhereToGo) {
  node("n2").zone = "west";
  node("n3").zone = "west";
  node("n4").zone = "west";
  // One node against three: {1, 2}. a is alone in the east.
  const Move move{.instance = "b", .node = "n4", .why = Why::kOldest, .deletion = Deletion::kPod};
  EXPECT_EQ(next(), move);
  make_unready("a", minutes(2));
  const Move again{
      .instance = "a", .node = "n1", .why = Why::kPodNotReady, .deletion = Deletion::kPod};
  EXPECT_EQ(next(), again) << "who is not well is made anew where it is";
}

TEST_F(ReschedulingTest, LeavesAZoneWithoutNodes) {
  node("n1").zone = "west";
  node("n1").state = NodeState::kCordoned;
  const Move move{
      .instance = "a", .node = "n4", .why = Why::kNodeCordoned, .deletion = Deletion::kVolume};
  EXPECT_EQ(next(), move);
}

TEST_F(ReschedulingTest, SaysWhatIsWrongWithTheNode) {
  const auto reason = [&](NodeState state) {
    node("n1").state = state;
    const auto move = next();
    return move ? text(move->why) : "nobody moves";
  };
  EXPECT_EQ(reason(NodeState::kCordoned), "its node is cordoned");
  EXPECT_EQ(reason(NodeState::kNotReady), "its node is not ready");
  EXPECT_EQ(reason(NodeState::kTerminating), "its node is terminating");
  EXPECT_EQ(reason(NodeState::kSchedulable), "it is its turn");
}

TEST_F(ReschedulingTest, SaysThatThereIsNoNode) {
  for (Node& one : cluster_.nodes) one.state = NodeState::kCordoned;
  const auto move = next_move(cluster_, Rules(), now_, 1);
  ASSERT_FALSE(move);
  EXPECT_EQ(move.error().message(), "no node is schedulable for a");
}

TEST_F(ReschedulingTest, MovesEverybodyInTheEndAndOneAtATime) {
  // Over ten hours, asked each minute: whoever moves is made anew at once.
  WallTime now = now_;
  std::map<std::string, int> moves;
  std::optional<WallTime> last;
  for (int i = 0; i < 600; ++i, now += minutes(1)) {
    const auto move = next_move(cluster_, Rules(), now, static_cast<std::uint64_t>(i));
    ASSERT_TRUE(move);
    if (!*move) continue;
    EXPECT_TRUE(!last || now - *last >= minutes(10));
    last = now;
    ++moves[(*move)->instance];
    Instance& moved = instance((*move)->instance);
    EXPECT_NE(moved.node, (*move)->node);
    moved.node = (*move)->node;
    moved.assigned = now;
    moved.pod = Pod{now, true, now};
  }
  for (const char* name : {"a", "b", "c"}) EXPECT_NEAR(moves[name], 20, 1) << name;
}

}  // namespace
}  // namespace meshcheck::rescheduling
