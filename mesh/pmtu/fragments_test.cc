#include "mesh/pmtu/fragments.h"

#include <gtest/gtest.h>

#include <vector>

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;

// A test over a path that lets fragments pass or not.
class Walk {
 public:
  Walk() {
    test_.set_link_mtu(1500, now_);
    test_.small_probes(true, now_);
  }
  // The probes sent meanwhile.
  std::vector<FragmentTest::Probe> run(Clock::duration duration, bool pass) {
    std::vector<FragmentTest::Probe> sent;
    for (const Clock::time_point end = now_ + duration; now_ < end; now_ += 100ms) {
      const auto probe = test_.next(0.03, now_);
      if (!probe) continue;
      sent.push_back(*probe);
      if (pass) test_.acknowledged(probe->cookie, now_);
    }
    return sent;
  }

  FragmentTest::Options options_;
  FragmentTest test_{&options_};
  Clock::time_point now_{1h};
};

TEST(FragmentTestTest, SendsALittleMoreThanTheLinkCarries) {
  Walk walk;
  EXPECT_EQ(walk.test_.next(0.03, walk.now_)->size, 1700);
}

TEST(FragmentTestTest, BelievesOneAnswerAndAsksAgainEveryTwelveSeconds) {
  Walk walk;
  EXPECT_EQ(walk.test_.result(), FragmentsResult::kUnknown);
  EXPECT_EQ(walk.run(120s, true).size(), 10U);
  EXPECT_EQ(walk.test_.result(), FragmentsResult::kPassed);
}

TEST(FragmentTestTest, BelievesLossesOnlyWhenTheyAreRepeated) {
  Walk walk;
  walk.run(1s, true);
  walk.run(14s, false);
  EXPECT_EQ(walk.test_.result(), FragmentsResult::kPassed);
  EXPECT_TRUE(walk.test_.busy());
  walk.run(10s, false);
  EXPECT_EQ(walk.test_.result(), FragmentsResult::kLost);
  EXPECT_FALSE(walk.test_.busy());
}

TEST(FragmentTestTest, WantsMoreLossesWhereMoreIsLostByChance) {
  for (const double loss : {0.1, 0.3, 0.6}) {
    FragmentTest::Options options;
    FragmentTest test(&options);
    Clock::time_point now{1h};
    test.set_link_mtu(1500, now);
    test.small_probes(true, now);
    double chance = 1;
    for (; test.result() == FragmentsResult::kUnknown; now += 1s) {
      if (test.next(loss, now)) chance *= std::min(0.95, 1.5 * loss);
    }
    EXPECT_LT(chance, loss < 0.5 ? 2e-6 : 2e-3) << loss;  // There is an end to patience.
  }
}

TEST(FragmentTestTest, WantsTwoAnswersInARowAfterLosses) {
  Walk walk;
  walk.run(20s, false);
  ASSERT_EQ(walk.test_.result(), FragmentsResult::kLost);
  while (walk.run(100ms, true).empty()) {
  }
  EXPECT_EQ(walk.test_.result(), FragmentsResult::kLost);
  walk.run(1s, true);
  EXPECT_EQ(walk.test_.result(), FragmentsResult::kPassed);
}

TEST(FragmentTestTest, IsSilentWhileSmallProbesFailAndKeepsItsResult) {
  Walk walk;
  walk.run(1s, true);
  walk.test_.small_probes(false, walk.now_);
  EXPECT_TRUE(walk.run(60s, true).empty());
  EXPECT_EQ(walk.test_.result(), FragmentsResult::kPassed);
  EXPECT_EQ(walk.test_.due(), Clock::time_point::max());
  walk.test_.small_probes(true, walk.now_);
  EXPECT_FALSE(walk.run(1s, true).empty());
}

TEST(FragmentTestTest, BeginsAnewWithAnotherLink) {
  Walk walk;
  walk.run(1s, true);
  walk.test_.set_link_mtu(9000, walk.now_);
  EXPECT_EQ(walk.test_.result(), FragmentsResult::kUnknown);
  EXPECT_EQ(walk.run(1s, true).front().size, 9200);
}

TEST(FragmentTestTest, IsSilentWhereNoPacketIsLargerThanTheLink) {
  Walk walk;
  walk.test_.set_link_mtu(65535, walk.now_);
  EXPECT_TRUE(walk.run(60s, true).empty());
}

TEST(FragmentTestTest, RefusesAnswersToProbesThatAreNotUnderWay) {
  Walk walk;
  const auto first = walk.test_.next(0.03, walk.now_);
  EXPECT_FALSE(walk.test_.acknowledged(static_cast<std::uint16_t>(first->cookie + 1), walk.now_));
  walk.now_ += 1s;
  EXPECT_TRUE(walk.test_.next(0.03, walk.now_));
  EXPECT_FALSE(walk.test_.acknowledged(first->cookie, walk.now_));
  walk.test_.void_pending(walk.now_);
  EXPECT_EQ(walk.test_.result(), FragmentsResult::kUnknown);
}

}  // namespace
}  // namespace meshcheck::mesh
