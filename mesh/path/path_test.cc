#include "mesh/path/path.h"

#include <gtest/gtest.h>

#include <random>

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

// A path that is probed once a second, and what becomes of each probe.
class Probing {
 public:
  explicit Probing(Path::Options options = {}) : options_(options), path_(options, now_) {}

  void answer(std::chrono::nanoseconds round_trip = 1ms) {
    path_.sent(next_, now_);
    reply(next_++, round_trip);
    step();
  }
  void answer(int count) {
    for (int i = 0; i < count; ++i) answer();
  }
  void lose(int count = 1) {
    for (int i = 0; i < count; ++i) {
      path_.sent(next_++, now_);
      step();
    }
  }
  bool reply(std::uint64_t sequence, std::chrono::nanoseconds round_trip,
             std::chrono::nanoseconds forward = 0ns) {
    return path_.answered({.sequence = sequence,
                           .elapsed = round_trip,
                           .round_trip = round_trip,
                           .forward_delay = forward,
                           .backward_delay = round_trip - forward},
                          now_);
  }
  void step() {
    now_ += options_.interval;
    path_.tick(now_);
  }
  PathSummary summary() const { return path_.summary(now_); }

  Path::Options options_;
  Clock::time_point now_{1h};
  Path path_;
  std::uint64_t next_ = 0;
};

TEST(PathTest, IsUnknownAndNotDownWhileNoProbeLeaves) {
  Probing probing;
  probing.answer(5);
  for (int i = 0; i < 3; ++i) {
    probing.path_.sent(probing.next_, probing.now_);
    probing.path_.unsent(probing.next_++, "no room");
    probing.step();
  }
  EXPECT_EQ(probing.path_.state(), PathState::kUp) << "a few may fail to leave";
  EXPECT_EQ(probing.summary().error, "no room");
  for (int i = 0; i < 10; ++i) {
    probing.path_.sent(probing.next_, probing.now_);
    probing.path_.unsent(probing.next_++, "no room");
    probing.step();
  }
  EXPECT_EQ(probing.path_.state(), PathState::kUnknown);
  EXPECT_EQ(probing.path_.totals().lost, 0U);
  EXPECT_EQ(probing.path_.totals().voided, 13U);
  EXPECT_EQ(probing.summary().sent, 5U);
  probing.answer();
  EXPECT_EQ(probing.path_.state(), PathState::kUp);
  EXPECT_EQ(probing.summary().error, "");
}

TEST(PathTest, IsUnknownUntilAProbeCameBack) {
  Probing probing;
  probing.lose(2);
  EXPECT_EQ(probing.path_.state(), PathState::kUnknown);
  probing.answer();
  EXPECT_EQ(probing.path_.state(), PathState::kUp);
}

TEST(PathTest, IsDownAfterThreeLossesInARowAndUpAfterTwoAnswers) {
  Probing probing;
  probing.answer(10);
  probing.lose(2);
  EXPECT_EQ(probing.path_.state(), PathState::kUp);
  probing.lose();
  EXPECT_EQ(probing.path_.state(), PathState::kDown);
  probing.answer();
  EXPECT_EQ(probing.path_.state(), PathState::kDown);
  probing.answer();
  // The outage itself does not make it degraded.
  EXPECT_EQ(probing.path_.state(), PathState::kUp);
  probing.answer(30);
  EXPECT_EQ(probing.path_.state(), PathState::kUp);
  EXPECT_EQ(probing.summary().lost, 3U);
}

TEST(PathTest, SaysSinceWhen) {
  Probing probing;
  probing.answer(10);
  probing.lose(5);
  const PathSummary summary = probing.summary();
  EXPECT_EQ(summary.state, PathState::kDown);
  EXPECT_EQ(summary.state_age, 2s);
  EXPECT_EQ(summary.answer_age, 6s);  // The last answer came as its probe left.
}

TEST(PathTest, IsDegradedByScatteredLossesAndRecoversWithHysteresis) {
  Probing probing;
  probing.answer(20);
  for (int i = 0; i < 3; ++i) {
    probing.answer(9);
    probing.lose();
  }
  EXPECT_EQ(probing.path_.state(), PathState::kDegraded);
  int seconds = 0;
  for (; probing.path_.state() == PathState::kDegraded && seconds < 100; ++seconds)
    probing.answer();
  // Until the share is below a half of what made it so: one loss of sixty.
  EXPECT_EQ(probing.summary().lost, 1U);
  EXPECT_GT(seconds, 30);
}

TEST(PathTest, IsDegradedAgainAfterAnOutageInTheMidstOfLosses) {
  Probing probing;
  for (int i = 0; i < 6; ++i) {
    probing.answer(4);
    probing.lose();
  }
  ASSERT_EQ(probing.path_.state(), PathState::kDegraded);
  probing.lose(3);
  ASSERT_EQ(probing.path_.state(), PathState::kDown);
  probing.answer(2);
  EXPECT_EQ(probing.path_.state(), PathState::kDegraded);
  probing.answer(70);
  EXPECT_EQ(probing.path_.state(), PathState::kUp);
}

TEST(PathTest, StaysUpWithFewLosses) {
  Probing probing;
  probing.answer(60);
  for (int i = 0; i < 20; ++i) {
    probing.answer(29);
    probing.lose();
    ASSERT_EQ(probing.path_.state(), PathState::kUp);
  }
}

TEST(PathTest, KnowsOnlyTheLastMinute) {
  Probing probing;
  probing.answer(100ms);
  probing.lose(2);
  for (int i = 0; i < 80; ++i) probing.answer(1ms);
  const PathSummary summary = probing.summary();
  EXPECT_EQ(summary.sent, 60U);
  EXPECT_EQ(summary.lost, 0U);
  EXPECT_EQ(summary.round_trips->max, 1ms);
  EXPECT_EQ(probing.path_.totals().sent, 83U);
  EXPECT_EQ(probing.path_.totals().lost, 2U);
}

TEST(PathTest, TellsQuantilesByNearestRank) {
  Probing probing;
  for (int i = 1; i <= 50; ++i) probing.answer(microseconds(i * 100));
  EXPECT_EQ(probing.summary().round_trips,
            (PathSummary::RoundTrips{.p50 = 2500us, .p90 = 4500us, .p99 = 5000us, .max = 5000us}));
}

TEST(PathTest, CallsNoRoundTripThatWasMeasuredZero) {
  Probing probing;
  for (int i = 0; i < 5; ++i) probing.answer(std::chrono::nanoseconds(300));
  EXPECT_EQ(probing.summary().round_trips->p50, 1us) << "0 stands for none";
}

TEST(PathTest, ALossHasNoRoundTrip) {
  Probing probing;
  probing.lose(20);
  EXPECT_FALSE(probing.summary().round_trips);
  EXPECT_FALSE(probing.summary().answer_age);
  EXPECT_EQ(probing.summary().lost, 20U);
}

TEST(PathTest, TakesALossBackWhenTheAnswerComesLate) {
  Probing probing;
  probing.answer(5);
  probing.lose();
  EXPECT_EQ(probing.summary().lost, 1U);
  EXPECT_TRUE(probing.reply(5, 1500ms));
  const PathSummary summary = probing.summary();
  EXPECT_EQ(summary.lost, 0U);
  EXPECT_EQ(summary.late, 1U);
  EXPECT_EQ(summary.sent, 6U);
  EXPECT_EQ(probing.path_.totals().late, 1U);
}

TEST(PathTest, DoesNotCallLateWhatWasOnlyReadLate) {
  Probing probing;
  probing.answer(5);
  probing.lose();
  EXPECT_TRUE(probing.reply(5, 900us));
  EXPECT_EQ(probing.summary().late, 0U);
  EXPECT_EQ(probing.summary().lost, 0U);
}

TEST(PathTest, CountsDuplicatesAndReorderedAnswersApart) {
  Probing probing;
  probing.answer(4);
  probing.path_.sent(4, probing.now_);
  probing.path_.sent(5, probing.now_);
  EXPECT_TRUE(probing.reply(5, 1ms));
  EXPECT_TRUE(probing.reply(4, 2ms));
  EXPECT_TRUE(probing.reply(4, 2ms));
  const PathSummary summary = probing.summary();
  EXPECT_EQ(summary.reordered, 1U);
  EXPECT_EQ(summary.duplicated, 1U);
  EXPECT_EQ(summary.sent, 6U);
  EXPECT_EQ(summary.lost, 0U);
}

TEST(PathTest, RefusesAnswersToNoProbe) {
  Probing probing;
  probing.answer(3);
  EXPECT_FALSE(probing.reply(3, 1ms));
  EXPECT_FALSE(probing.reply(1'000'000, 1ms));
}

TEST(PathTest, MeasuresJitterPerDirectionAmongNeighboursOnly) {
  Probing probing;
  const auto probe = [&](std::chrono::nanoseconds forward) {
    probing.path_.sent(probing.next_, probing.now_);
    probing.reply(probing.next_++, 10ms, forward);
    probing.step();
  };
  probe(1ms);
  probe(3ms);  // 2 ms more, and 2 ms less on the way back.
  probing.lose();
  probe(9ms);  // Its neighbour was lost: no pair.
  probe(8ms);
  EXPECT_EQ(probing.summary().jitter_forward, 1500us);
  EXPECT_EQ(probing.summary().jitter_backward, 1500us);
}

TEST(PathTest, GivesLossesTheirDirections) {
  Probing probing;
  probing.answer(5);
  probing.lose(5);
  probing.answer();
  probing.path_.set_directions(3, 1);
  EXPECT_EQ(probing.summary().lost_forward, 3U);
  EXPECT_EQ(probing.summary().lost_backward, 1U);
  // A minute later they are history.
  probing.answer(80);
  EXPECT_EQ(probing.summary().lost_forward, 0U);
  EXPECT_EQ(probing.path_.totals().lost_forward, 3U);
}

TEST(PathTest, SaysWhyTheLastProbeFailed) {
  Probing probing;
  probing.answer(2);
  probing.path_.sent(2, probing.now_);
  probing.path_.failed(2, "connection refused", probing.now_);
  ++probing.next_;
  EXPECT_EQ(probing.summary().error, "connection refused");
  EXPECT_EQ(probing.summary().lost, 1U);
  probing.step();
  probing.answer();
  EXPECT_EQ(probing.summary().error, "");
}

TEST(PathTest, JudgesNothingWhileTheAgentWasStarved) {
  Probing probing;
  probing.answer(10);
  for (int i = 0; i < 3; ++i) {
    probing.path_.sent(probing.next_++, probing.now_);
    probing.now_ += 1s;
  }
  probing.path_.starved(probing.now_);
  EXPECT_EQ(probing.path_.state(), PathState::kUnknown);
  EXPECT_EQ(probing.path_.totals().voided, 3U);
  EXPECT_EQ(probing.summary().lost, 0U);
  probing.answer(2);
  EXPECT_EQ(probing.path_.state(), PathState::kUp);
}

TEST(PathTest, IsUnknownWithoutAnyResultForAWhile) {
  Probing probing;
  probing.answer(10);
  probing.now_ += 7s;
  probing.path_.tick(probing.now_);
  EXPECT_EQ(probing.path_.state(), PathState::kUnknown);
}

TEST(PathTest, IsBoundedWhateverTheRate) {
  Probing probing({.interval = 10ms, .timeout = 5s, .probes_max = 100});
  for (int i = 0; i < 1000; ++i) {
    probing.path_.sent(probing.next_++, probing.now_);
    probing.now_ += 10ms;
  }
  probing.path_.tick(probing.now_);
  EXPECT_LE(probing.summary().sent, 100U);
  EXPECT_EQ(probing.path_.totals().sent, probing.path_.totals().lost);
  EXPECT_GE(probing.path_.totals().lost, 900U);
  EXPECT_EQ(probing.path_.state(), PathState::kDown);
}

// Counts hold together whatever happens in whatever order.
TEST(PathTest, KeepsItsCountsConsistentUnderRandomEvents) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand random(seed);
    Probing probing({.interval = 100ms, .timeout = 300ms, .probes_max = 64});
    for (int i = 0; i < 3000; ++i) {
      switch (random() % 6) {
        case 0:
        case 1:
          probing.path_.sent(probing.next_++, probing.now_);
          break;
        case 2:
        case 3:
          if (probing.next_ > 0) {
            probing.reply(probing.next_ - 1 - random() % std::min<std::uint64_t>(probing.next_, 90),
                          std::chrono::milliseconds(random() % 400));
          }
          break;
        case 4:
          probing.step();
          break;
        default:
          if (random() % 20 == 0) probing.path_.starved(probing.now_);
      }
      const PathTotals totals = probing.path_.totals();
      ASSERT_LE(totals.lost + totals.late, totals.sent);
      ASSERT_LE(totals.sent + totals.voided, probing.next_);
      const PathSummary summary = probing.summary();
      ASSERT_LE(summary.lost + summary.late, summary.sent);
      ASSERT_LE(summary.sent, 64U);
    }
  }
}

}  // namespace
}  // namespace meshcheck::mesh
