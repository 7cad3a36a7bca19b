#include "mesh/stamp/reply_budget.h"

#include <gtest/gtest.h>

#include <string>

namespace meshcheck::stamp {
namespace {

using namespace std::chrono_literals;

IpAddress address(int last) {
  return *IpAddress::parse("192.0.2." + std::to_string(last));
}

class ReplyBudgetTest : public testing::Test {
 protected:
  // How many of so many packets of 100 octets may go, all at once.
  int sent(int packets, int to) {
    int count = 0;
    for (int i = 0; i < packets; ++i) count += budget_.take(address(to), 100, now_) ? 1 : 0;
    return count;
  }

  Clock::time_point now_{1000h};
  ReplyBudget budget_{{.to_one = 1000, .in_all = 2500, .seed = 7}};
};

TEST_F(ReplyBudgetTest, BoundsWhatOneAddressGetsInASecond) {
  EXPECT_EQ(sent(20, 1), 10);
  now_ += 500ms;
  EXPECT_EQ(sent(20, 1), 5);
  now_ += 1h;
  EXPECT_EQ(sent(20, 1), 10) << "and saves up no more than a second's worth";
}

TEST_F(ReplyBudgetTest, BoundsWhatAllGet) {
  EXPECT_EQ(sent(20, 1), 10);
  EXPECT_EQ(sent(20, 2), 10);
  EXPECT_EQ(sent(20, 3), 5);
  now_ += 200ms;
  EXPECT_EQ(sent(20, 4), 5);
}

TEST_F(ReplyBudgetTest, CountsTheTimeBetweenManySmallSteps) {
  EXPECT_EQ(sent(20, 1), 10);
  int more = 0;
  for (int i = 0; i < 10'000; ++i) {
    now_ += 100us;
    more += sent(1, 1);
  }
  EXPECT_EQ(more, 10);
}

TEST_F(ReplyBudgetTest, HasNoBoundWhereItIsZero) {
  budget_ = ReplyBudget({.to_one = 0, .in_all = 0});
  EXPECT_EQ(sent(100'000, 1), 100'000);
}

}  // namespace
}  // namespace meshcheck::stamp
