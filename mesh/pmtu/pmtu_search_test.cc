#include "mesh/pmtu/pmtu_search.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;
using State = PmtuSearch::State;
using Probe = PmtuSearch::Probe;

// A search, and a path that answers at once what it lets pass.
class Walk {
 public:
  explicit Walk(std::uint16_t link_mtu = 1500, std::uint16_t path_mtu = 1500)
      : path_mtu_(path_mtu) {
    search_.set_link_mtu(link_mtu, now_);
  }
  void up() { search_.small_probes(true, now_); }
  void down() { search_.small_probes(false, now_); }
  // Runs in steps of 10 ms; what is sent is in sent_.
  void run(Clock::duration duration) {
    run_until(duration, [] { return false; });
  }
  bool run_until(Clock::duration duration, const std::function<bool()>& done) {
    for (const Clock::time_point end = now_ + duration; now_ < end; now_ += 10ms) {
      if (done()) return true;
      const auto probe = search_.next(now_);
      if (!probe) continue;
      sent_.push_back(*probe);
      if (probe->size <= path_mtu_ && lose_ == 0) search_.acknowledged(probe->cookie, now_ + 1ms);
      if (lose_ > 0) --lose_;
    }
    return done();
  }
  bool reach(State state, Clock::duration within = 30s) {
    return run_until(within, [&] { return search_.state() == state; });
  }
  // Probes only, with nothing answered.
  Probe next() {
    std::optional<Probe> probe;
    while (!(probe = search_.next(now_))) now_ += 10ms;
    return *probe;
  }
  std::uint16_t size() const { return search_.result() ? search_.result()->size : 1; }

  PmtuSearch::Options options_;
  Clock::time_point now_{1h};
  PmtuSearch search_{&options_};
  std::uint16_t path_mtu_;
  int lose_ = 0;  // So many probes, whatever their size.
  std::vector<Probe> sent_;
};

TEST(PmtuSearchTest, StaysDisabledUntilSmallProbesPass) {
  Walk walk;
  walk.run(20s);
  EXPECT_TRUE(walk.sent_.empty());
  EXPECT_EQ(walk.search_.state(), State::kDisabled);
  EXPECT_EQ(walk.search_.due(), Clock::time_point::max());
}

TEST(PmtuSearchTest, StaysDisabledWithoutALinkMtu) {
  Walk walk(0);
  walk.up();
  walk.run(20s);
  EXPECT_TRUE(walk.sent_.empty());
  EXPECT_EQ(walk.search_.state(), State::kDisabled);
}

TEST(PmtuSearchTest, KnowsNothingOfALinkThatWentAway) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.search_.set_link_mtu(0, walk.now_);
  EXPECT_EQ(walk.search_.state(), State::kDisabled);
  EXPECT_FALSE(walk.search_.result());
}

TEST(PmtuSearchTest, GoesFromDisabledToBaseWhenSmallProbesPass) {
  Walk walk;
  walk.up();
  EXPECT_EQ(walk.search_.state(), State::kBase);
  EXPECT_EQ(walk.next().size, 1280);
}

TEST(PmtuSearchTest, GoesFromBaseToSearchingWhenTheBaseIsAnswered) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.search_.acknowledged(walk.next().cookie, walk.now_));
  EXPECT_EQ(walk.search_.state(), State::kSearching);
}

TEST(PmtuSearchTest, StaysInBaseWhenOneBaseProbeIsLost) {
  Walk walk;
  walk.lose_ = 1;
  walk.up();
  walk.run(100ms);
  EXPECT_EQ(walk.search_.state(), State::kBase);
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1500);
}

TEST(PmtuSearchTest, GoesFromBaseToErrorWhenAllBaseProbesAreLost) {
  Walk walk(1500, 1000);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kError));
  EXPECT_GE(walk.sent_.size(), PmtuSearch::Options().losses_min);
  EXPECT_FALSE(walk.search_.result());
}

TEST(PmtuSearchTest, GoesFromErrorToCompleteWithASizeBelowTheBase) {
  Walk walk(1500, 1001);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kError));
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1001);
}

TEST(PmtuSearchTest, GoesFromErrorToSearchingWhenTheBasePassesAfterAll) {
  Walk walk(1500, 100);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kError));
  walk.path_mtu_ = 1400;
  EXPECT_TRUE(walk.reach(State::kSearching, 2s));
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1400);
}

TEST(PmtuSearchTest, SaysInErrorThatNothingPassesOnlyAfterTenSeconds) {
  Walk walk(1500, 100);
  walk.up();
  walk.run(10s);
  EXPECT_FALSE(walk.search_.result());
  walk.run(10s);
  EXPECT_EQ(walk.search_.state(), State::kError);
  EXPECT_EQ(walk.size(), 0);
  EXPECT_FALSE(walk.search_.busy());
  // Tries again with each raise timer, and no more often.
  walk.sent_.clear();
  walk.run(32s);
  EXPECT_EQ(walk.sent_.size(), 8U);
  walk.path_mtu_ = 700;
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 700);
}

TEST(PmtuSearchTest, LooksForNothingBelowTheMinimumOfIpv6) {
  Walk walk(1500, 1279);
  walk.options_.size_min = 1280;
  walk.up();
  walk.run(30s);
  EXPECT_EQ(walk.size(), 0);
  EXPECT_EQ(walk.search_.state(), State::kError);
  for (const Probe& probe : walk.sent_) EXPECT_EQ(probe.size, 1280);
  walk.path_mtu_ = 1280;
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1280);
}

TEST(PmtuSearchTest, GoesFromSearchingToCompleteAtOnceWhenTheLinksSizePasses) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 200ms));
  EXPECT_EQ(walk.sent_.size(), 2U);
  EXPECT_EQ(walk.size(), 1500);
}

TEST(PmtuSearchTest, GoesFromSearchingToCompleteWithBothEdgesConfirmed) {
  Walk walk(9000, 7777);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearching));
  EXPECT_EQ(walk.search_.size_failed(), 9001);
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 16s));
  EXPECT_EQ(walk.size(), 7777);
  std::size_t above = 0;
  std::size_t at = 0;
  for (const Probe& probe : walk.sent_) {
    above += probe.size == 7778 ? 1U : 0U;
    at += probe.size == 7777 ? 1U : 0U;
  }
  EXPECT_GE(above, PmtuSearch::Options().edge_losses_min);
  EXPECT_GE(at, 3U);
}

TEST(PmtuSearchTest, FindsLikelySizesInAFewRounds) {
  for (const std::uint16_t size :
       std::initializer_list<std::uint16_t>{1280, 1372, 1400, 1420, 1450, 1480, 1492}) {
    Walk walk(1500, size);
    walk.up();
    EXPECT_TRUE(walk.reach(State::kSearchComplete, 10s)) << size;
    EXPECT_EQ(walk.size(), size);
  }
}

TEST(PmtuSearchTest, ProbesNothingLargerThanTheLink) {
  Walk walk(1450, 9000);
  walk.up();
  walk.run(60s);
  EXPECT_EQ(walk.size(), 1450);
  for (const Probe& probe : walk.sent_) EXPECT_LE(probe.size, 1450);
}

TEST(PmtuSearchTest, GoesFromCompleteToSearchingWhenTheRaiseProbeIsAnswered) {
  Walk walk(1500, 1400);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.path_mtu_ = 1460;
  EXPECT_TRUE(walk.reach(State::kSearching, 9s));
  EXPECT_EQ(walk.size(), 1400);  // Until more is known.
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1460);
}

TEST(PmtuSearchTest, GoesFromCompleteToBaseWhenTheFoundSizeIsLostRepeatedly) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.path_mtu_ = 1200;
  EXPECT_TRUE(walk.reach(State::kBase, 10s));
  EXPECT_EQ(walk.size(), 1500);  // Until more is known.
  walk.path_mtu_ = 1420;
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1420);
}

TEST(PmtuSearchTest, StaysInCompleteWhenTheFoundSizeIsLostTwice) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.sent_.clear();
  walk.lose_ = 2;
  walk.run(20s);
  EXPECT_GE(walk.sent_.size(), 4U);
  for (const Probe& probe : walk.sent_) EXPECT_EQ(probe.size, 1500);
  EXPECT_EQ(walk.search_.state(), State::kSearchComplete);
}

TEST(PmtuSearchTest, TakesAFalseDropBackWithTheFirstAnswer) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.path_mtu_ = 1200;
  EXPECT_TRUE(walk.reach(State::kBase));
  walk.path_mtu_ = 1500;
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 1s));
  EXPECT_EQ(walk.size(), 1500);
}

TEST(PmtuSearchTest, GoesToDisabledWhenThePathFailsAndTriesFirstWhatItKnew) {
  Walk walk(9000, 7777);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.down();
  EXPECT_EQ(walk.search_.state(), State::kDisabled);
  EXPECT_FALSE(walk.search_.result());
  walk.sent_.clear();
  walk.run(1min);
  EXPECT_TRUE(walk.sent_.empty());
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 6s));
  EXPECT_EQ(walk.size(), 7777);
  for (const Probe& probe : walk.sent_) {
    EXPECT_TRUE(probe.size == 1280 || probe.size == 7777 || probe.size == 7778) << probe.size;
  }
}

TEST(PmtuSearchTest, IsAPlainValueThatGoesOnWhereItWasMoved) {
  Walk walk(1500, 1400);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  PmtuSearch moved = std::move(walk.search_);
  EXPECT_EQ(moved.result()->size, 1400);
  EXPECT_TRUE(moved.next(walk.now_ + 7s));
}

// The timers of RFC 8899 section 5.1.1.

TEST(PmtuSearchTimersTest, TheProbeTimerIsASecondAndNotLess) {
  Walk walk(1500, 100);
  walk.up();
  Probe last = walk.next();
  for (std::size_t i = 1; i < 8; ++i) last = walk.next();
  const Clock::time_point sent = walk.now_;
  EXPECT_EQ(walk.search_.next(sent + 990ms), std::nullopt);
  EXPECT_EQ(walk.search_.state(), State::kBase);
  walk.search_.tick(sent + 1s);
  EXPECT_EQ(walk.search_.state(), State::kError);
}

TEST(PmtuSearchTimersTest, TheConfirmationTimerProbesTheFoundSizeEveryFiveSeconds) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.sent_.clear();
  walk.run(51s);
  EXPECT_EQ(walk.sent_.size(), 10U);
  for (const Probe& probe : walk.sent_) EXPECT_EQ(probe.size, 1500);
}

TEST(PmtuSearchTimersTest, TheRaiseTimerProbesOneOctetMoreEveryEightSeconds) {
  Walk walk(1500, 1400);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.sent_.clear();
  walk.run(82s);
  std::size_t raises = 0;
  for (const Probe& probe : walk.sent_) raises += probe.size == 1401 ? 1U : 0U;
  EXPECT_EQ(raises, 10U);
}

TEST(PmtuSearchTimersTest, TheRaiseTimerIsSilentWhereTheLinkIsTheLimit) {
  Walk walk;
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.sent_.clear();
  walk.run(31s);
  EXPECT_EQ(walk.sent_.size(), 6U);  // Confirmations.
}

TEST(PmtuSearchTimersTest, JudgesNothingThatWasUnderWayWhileTheCallerDidNotRun) {
  Walk walk;
  walk.up();
  walk.next();
  walk.next();
  walk.now_ += 5min;
  walk.search_.tick(walk.now_);
  EXPECT_EQ(walk.search_.state(), State::kBase);
  walk.next();
  walk.search_.void_pending();
  walk.now_ += 5s;
  walk.search_.tick(walk.now_);
  EXPECT_EQ(walk.search_.state(), State::kBase);
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
}

// ICMP "too big" and EMSGSIZE.

// A search that has just sent a probe of the link's size.
Probe probe_of_link_size(Walk& walk) {
  walk.up();
  walk.search_.acknowledged(walk.next().cookie, walk.now_);
  return walk.next();
}

TEST(PmtuSearchTooBigTest, IsAHintThatProbesConfirm) {
  Walk walk(9000, 7777);
  const Probe probe = probe_of_link_size(walk);
  EXPECT_TRUE(walk.search_.too_big(probe.cookie, 7777));
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 8s));
  EXPECT_EQ(walk.size(), 7777);
}

TEST(PmtuSearchTooBigTest, ProvesNothing) {
  for (const std::uint16_t said :
       std::initializer_list<std::uint16_t>{576, 600, 1279, 1280, 1281, 1400, 7776, 7778, 8999}) {
    Walk walk(9000, 7777);
    const Probe probe = probe_of_link_size(walk);
    EXPECT_TRUE(walk.search_.too_big(probe.cookie, said));
    EXPECT_TRUE(walk.reach(State::kSearchComplete, 20s)) << said;
    EXPECT_EQ(walk.size(), 7777) << said;
  }
}

TEST(PmtuSearchTooBigTest, IsNotBelievedWithAnImpossibleMtu) {
  Walk walk(9000, 7777);
  const Probe probe = probe_of_link_size(walk);
  for (const std::uint32_t said : {0U, 68U, 575U, 9000U, 9001U, 65536U + 1400U, 0xffffffffU}) {
    EXPECT_FALSE(walk.search_.too_big(probe.cookie, said)) << said;
  }
}

TEST(PmtuSearchTooBigTest, IsNotBelievedOfAProbeThatWasNotSentOrWasAnswered) {
  Walk walk(9000, 9000);
  const Probe probe = probe_of_link_size(walk);
  EXPECT_FALSE(walk.search_.too_big(static_cast<std::uint16_t>(probe.cookie + 1), 1400));
  EXPECT_FALSE(walk.search_.too_big(static_cast<std::uint16_t>(probe.cookie - 1), 1400));
  EXPECT_TRUE(walk.search_.acknowledged(probe.cookie, walk.now_));
  EXPECT_FALSE(walk.search_.too_big(probe.cookie, 1400));
  EXPECT_FALSE(walk.search_.acknowledged(probe.cookie, walk.now_));
  EXPECT_EQ(walk.size(), 9000);
}

TEST(PmtuSearchTooBigTest, OfAForgerChangesNothingOnceComplete) {
  Walk walk(1500, 1400);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  for (int i = 0; i < 100; ++i) {
    walk.run(1s);
    walk.search_.too_big(walk.sent_.back().cookie, 600);
    ASSERT_EQ(walk.search_.state(), State::kSearchComplete);
  }
  EXPECT_EQ(walk.size(), 1400);
}

TEST(PmtuSearchTooBigTest, RefusedByTheOwnKernelEndsTheSearchThere) {
  Walk walk(1500, 9000);
  const Probe probe = probe_of_link_size(walk);
  walk.search_.refused(probe.cookie, 1400, walk.now_);
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 1s));
  EXPECT_EQ(walk.size(), 1400);
  EXPECT_EQ(walk.search_.result()->link_mtu, 1500);
  // The raise timer asks the kernel again.
  EXPECT_TRUE(walk.reach(State::kSearching, 9s));
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 1s));
  EXPECT_EQ(walk.size(), 1500);
}

TEST(PmtuSearchTooBigTest, RefusedWithoutAUsableMtuIsOneLostProbe) {
  Walk walk(1500, 1400);
  const Probe probe = probe_of_link_size(walk);
  walk.search_.refused(probe.cookie, 0, walk.now_);
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  EXPECT_EQ(walk.size(), 1400);
}

TEST(PmtuSearchTest, BeginsAnewWhenTheLinkChangesAndKeepsTheResultUntilThen) {
  Walk walk(1500, 9000);
  walk.up();
  EXPECT_TRUE(walk.reach(State::kSearchComplete));
  walk.search_.set_link_mtu(9000, walk.now_);
  EXPECT_EQ(walk.search_.state(), State::kBase);
  EXPECT_EQ(walk.search_.result()->link_mtu, 1500);
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 1s));
  EXPECT_EQ(walk.size(), 9000);
  walk.search_.set_link_mtu(1280, walk.now_);
  EXPECT_TRUE(walk.reach(State::kSearchComplete, 1s));
  EXPECT_EQ(walk.size(), 1280);
}

TEST(PmtuSearchTest, CarriesEverySizeExactly) {
  for (std::uint16_t size = 576; size <= 1500; size = static_cast<std::uint16_t>(size + 7)) {
    Walk walk(1500, size);
    walk.up();
    ASSERT_TRUE(walk.reach(State::kSearchComplete, 25s)) << size;
    ASSERT_EQ(walk.size(), size);
  }
}

}  // namespace
}  // namespace meshcheck::mesh
