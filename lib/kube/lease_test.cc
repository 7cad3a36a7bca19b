#include "lib/kube/lease.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace meshcheck::kube {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using Step = LeaseRecord::Step;

constexpr Clock::time_point kStart{std::chrono::hours(1)};
const WallTime kWall{seconds(1'700'000'000)};

LeaseRecord record_of(const std::string& identity) {
  return LeaseRecord({.name = "mover", .name_space = "net", .identity = identity});
}

std::string lease_of(const std::string& holder, const std::string& renewed) {
  return R"({"metadata":{"name":"mover","resourceVersion":"7"},"spec":{"holderIdentity":")" +
         holder + R"(","leaseDurationSeconds":15,"leaseTransitions":3,"renewTime":")" + renewed +
         "\"}}";
}

TEST(LeaseTest, IsMadeByWhoFindsNone) {
  LeaseRecord record = record_of("a");
  const auto next = record.seen(std::nullopt, kStart, kWall);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->step, Step::kCreate);
  const json body = json::parse(next->body);
  EXPECT_EQ(body["spec"]["holderIdentity"], "a");
  EXPECT_EQ(body["spec"]["leaseTransitions"], 0);
  EXPECT_EQ(body["spec"]["renewTime"], "2023-11-14T22:13:20.000000Z");
  EXPECT_FALSE(record.held(kStart));
  record.written();
  EXPECT_TRUE(record.held(kStart + seconds(9)));
  EXPECT_FALSE(record.held(kStart + seconds(10)));
}

TEST(LeaseTest, IsLeftToItsHolderWhileThatRenewsIt) {
  LeaseRecord record = record_of("b");
  for (int second = 0; second < 120; second += 5) {
    const auto next =
        record.seen(lease_of("a", "t" + std::to_string(second)), kStart + seconds(second), kWall);
    ASSERT_TRUE(next);
    ASSERT_EQ(next->step, Step::kNone) << second;
  }
  EXPECT_FALSE(record.held(kStart));
}

TEST(LeaseTest, IsTakenWhenItsHolderHasGone) {
  LeaseRecord record = record_of("b");
  ASSERT_EQ(record.seen(lease_of("a", "t"), kStart, kWall)->step, Step::kNone);
  ASSERT_EQ(record.seen(lease_of("a", "t"), kStart + seconds(14), kWall)->step, Step::kNone);
  const auto next = record.seen(lease_of("a", "t"), kStart + seconds(15), kWall);
  ASSERT_EQ(next->step, Step::kReplace);
  const json body = json::parse(next->body);
  EXPECT_EQ(body["spec"]["holderIdentity"], "b");
  EXPECT_EQ(body["spec"]["leaseTransitions"], 4);
  EXPECT_EQ(body["metadata"]["resourceVersion"], "7");
}

TEST(LeaseTest, IsHeldBeforeAnotherMayTakeItAndNoLonger) {
  LeaseRecord holder = record_of("a");
  ASSERT_EQ(holder.seen(lease_of("a", "t"), kStart, kWall)->step, Step::kReplace);
  holder.written();
  LeaseRecord other = record_of("b");
  ASSERT_EQ(other.seen(lease_of("a", "t2"), kStart, kWall)->step, Step::kNone);
  // Whoever looks at whatever moment: there are never two.
  for (int second = 0; second < 30; ++second) {
    const auto now = kStart + seconds(second);
    const bool may_take = other.seen(lease_of("a", "t2"), now, kWall)->step == Step::kReplace;
    EXPECT_FALSE(may_take && holder.held(now)) << second;
  }
}

TEST(LeaseTest, IsLostOnceAnotherIsItsHolder) {
  LeaseRecord record = record_of("a");
  ASSERT_TRUE(record.seen(std::nullopt, kStart, kWall));
  record.written();
  ASSERT_TRUE(record.held(kStart));
  ASSERT_EQ(record.seen(lease_of("b", "t"), kStart + seconds(1), kWall)->step, Step::kNone);
  EXPECT_FALSE(record.held(kStart + seconds(1)));
}

TEST(LeaseTest, IsTakenWhenNobodyHoldsIt) {
  LeaseRecord record = record_of("a");
  EXPECT_EQ(record.seen(R"({"metadata":{}})", kStart, kWall)->step, Step::kReplace);
  EXPECT_EQ(record.seen(lease_of("", "t"), kStart, kWall)->step, Step::kReplace);
  EXPECT_FALSE(record.seen("7", kStart, kWall));
}

}  // namespace
}  // namespace meshcheck::kube
