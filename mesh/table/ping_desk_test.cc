#include "mesh/table/ping_desk.h"

#include <gtest/gtest.h>

#include "mesh/table/mesh.h"
#include "mesh/table/table_testing.h"

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;
using State = PingDesk::State;

class PingDeskTest : public ::testing::Test {
 protected:
  bool ask(std::uint64_t id, const std::string& from) {
    PingDesk::Ping ping;
    ping.order = {.id = id, .to = "b", .endpoint = {}, .size = 0, .count = 5};
    ping.from = from;
    ping.deadline = PingDesk::deadline_of(ping.order, 5s, now());
    return desk_.ask(std::move(ping), now());
  }
  Clock::time_point now() const { return clock_.now.steady; }
  std::size_t orders(std::string_view agent) const { return desk_.orders_of(agent, now()).size(); }

  testing::TestClock clock_;
  PingDesk desk_;
};

TEST_F(PingDeskTest, OrdersUntilTheAgentTellsTheResult) {
  ASSERT_TRUE(ask(1, "a"));
  EXPECT_EQ(orders("a"), 1U);
  EXPECT_EQ(orders("b"), 0U);
  EXPECT_EQ(orders("a"), 1U) << "the answer may have been lost";
  desk_.take("b", {{.id = 1, .round_trips = {10us}, .error = {}}});
  desk_.take("a", {{.id = 2, .round_trips = {10us}, .error = {}}});
  EXPECT_EQ(desk_.find(1)->state(now()), State::kOrdered) << "neither is this order's";
  desk_.take("a", {{.id = 1, .round_trips = {10us, std::nullopt}, .error = {}}});
  EXPECT_EQ(orders("a"), 0U);
  ASSERT_EQ(desk_.find(1)->state(now()), State::kDone);
  EXPECT_EQ(desk_.find(1)->result->round_trips.size(), 2U);
  EXPECT_EQ(desk_.find(2), nullptr);
}

TEST_F(PingDeskTest, SaysThatAnAgentIsLate) {
  ASSERT_TRUE(ask(1, "a"));
  clock_.pass(13s + 999ms);  // Two intervals of 5 s, 5 probes of 200 ms, 1 s for the last, and 2 s.
  EXPECT_EQ(desk_.find(1)->state(now()), State::kOrdered);
  clock_.pass(1ms);
  EXPECT_EQ(desk_.find(1)->state(now()), State::kLate);
  EXPECT_EQ(orders("a"), 0U);
  desk_.take("a", {{.id = 1, .round_trips = {10us}, .error = {}}});
  EXPECT_EQ(desk_.find(1)->state(now()), State::kDone) << "late is better than never";
  clock_.pass(5min);
  EXPECT_NE(desk_.find(1), nullptr);
  clock_.pass(1ms);
  ASSERT_TRUE(ask(2, "a"));
  EXPECT_EQ(desk_.find(1), nullptr);
}

TEST_F(PingDeskTest, IsBoundedByAgentAndInAll) {
  for (std::uint64_t id = 1; id <= kPingsOfAgentMax; ++id) EXPECT_TRUE(ask(id, "a"));
  EXPECT_FALSE(ask(5, "a"));
  for (std::uint64_t id = 5; id <= PingDesk::kPingsMax; ++id) {
    EXPECT_TRUE(ask(id, "agent" + std::to_string(id)));
  }
  EXPECT_FALSE(ask(100, "c"));
  desk_.take("a", {{.id = 2, .round_trips = {}, .error = "no route to host"}});
  EXPECT_TRUE(ask(100, "c")) << "instead of one that has ended";
  EXPECT_EQ(desk_.find(2), nullptr);
  EXPECT_EQ(desk_.pings().size(), PingDesk::kPingsMax);
}

// With all that an agent has to know besides, since it drops peers that an answer does not name.
TEST_F(PingDeskTest, GoesOutWithAWholeAssignment) {
  Mesh mesh({});
  const auto report = [&](std::size_t number, const std::string& held) {
    ProbingReport said = testing::report_of(number);
    said.assignment = held;
    const std::string name = "pod" + std::to_string(number);
    return mesh.report(
        {.name = name, .node = "node" + std::to_string(number), .report_interval = 5s}, said,
        clock_.now);
  };
  clock_.pass(1h);
  report(1, "");
  report(2, "");
  const std::string held = parse_assignment(*report(1, ""))->revision;
  EXPECT_FALSE(report(1, held));
  PingDesk::Ping ping;
  ping.order = {.id = 7, .to = "pod2", .endpoint = {testing::address_of(2), 8862}};
  ping.from = "pod1";
  ping.deadline = now() + 10s;
  ASSERT_TRUE(mesh.pings.ask(ping, now()));
  const auto answer = report(1, held);
  ASSERT_TRUE(answer);
  const auto assignment = parse_assignment(*answer);
  ASSERT_TRUE(assignment) << assignment.error().message();
  EXPECT_EQ(assignment->revision, held);
  EXPECT_EQ(assignment->peers.size(), 1U);
  EXPECT_EQ(assignment->pings, std::vector{ping.order});
}

}  // namespace
}  // namespace meshcheck::mesh
