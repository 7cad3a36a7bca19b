#include "mesh/sla/recorder.h"

#include <gtest/gtest.h>

#include <vector>

namespace meshcheck::sla {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kStart{1'700'000'010};  // A multiple of 30.

WallTime at(milliseconds since_start) {
  return WallTime(kStart + since_start);
}

const ProbeRef kDns{"synthetic", "dns"};
const ProbeRef kAccess{"synthetic", "access"};
const ProbeRef kTotalOfSynthetic{"synthetic", "__total__"};

std::vector<Recorder::Check> one_check(milliseconds valid_for = seconds(20)) {
  return {{.ref = kDns, .valid_for = valid_for}};
}

Timers timers(milliseconds up, milliseconds down, milliseconds unknown) {
  return {up, down, unknown};
}

Timers of(const std::vector<Episode>& episodes, const ProbeRef& ref) {
  for (const Episode& episode : episodes) {
    if (episode.ref == ref) return episode.timers;
  }
  return {};
}

TEST(RecorderTest, CountsAResultUntilTheNextOne) {
  Recorder recorder(one_check());
  recorder.record(0, Status::kUp, at(seconds(0)));
  recorder.record(0, Status::kDown, at(seconds(12)));
  recorder.record(0, Status::kUnknown, at(seconds(14)));
  recorder.record(0, Status::kUp, at(seconds(20)));
  const auto episodes = recorder.advance(at(seconds(30)));
  ASSERT_EQ(episodes.size(), 2U);  // The probe's and the total's.
  EXPECT_EQ(episodes[0].start, Seconds(kStart));
  EXPECT_EQ(episodes[0].timers, timers(seconds(22), seconds(2), seconds(6)));
  EXPECT_EQ(episodes[0].checks, 4U);
  EXPECT_EQ(episodes[0].successes, 2U);
  EXPECT_EQ(of(episodes, kTotalOfSynthetic), episodes[0].timers);
}

TEST(RecorderTest, IsExactToTheTick) {
  Recorder recorder(one_check());
  recorder.record(0, Status::kUp, at(milliseconds(0)));
  recorder.record(0, Status::kDown, at(milliseconds(10'399)));
  recorder.record(0, Status::kUp, at(milliseconds(10'600)));
  const auto episodes = recorder.advance(at(seconds(30)));
  EXPECT_EQ(of(episodes, kDns).down, milliseconds(400));
}

TEST(RecorderTest, SaysNothingOfATimeThatNobodyLookedAt) {
  Recorder recorder(one_check(seconds(5)));
  recorder.record(0, Status::kUp, at(seconds(10)));
  const auto episodes = recorder.advance(at(seconds(30)));
  EXPECT_EQ(of(episodes, kDns), timers(seconds(5), seconds(0), seconds(0)));
  EXPECT_TRUE(recorder.advance(at(seconds(600))).empty());
}

TEST(RecorderTest, TakesTheWorseOfAProbesChecksTickByTick) {
  Recorder recorder(
      {{.ref = kDns, .valid_for = seconds(60)}, {.ref = kDns, .valid_for = seconds(60)}});
  recorder.record(0, Status::kUp, at(seconds(0)));
  recorder.record(1, Status::kUp, at(seconds(0)));
  recorder.record(0, Status::kDown, at(seconds(5)));
  recorder.record(0, Status::kUp, at(seconds(10)));
  recorder.record(1, Status::kDown, at(seconds(10)));
  recorder.record(1, Status::kUp, at(seconds(15)));
  EXPECT_EQ(of(recorder.advance(at(seconds(30))), kDns).down, seconds(10));
}

TEST(RecorderTest, MakesAGroupsTotalOfTicksAndNotOfSums) {
  Recorder recorder(
      {{.ref = kDns, .valid_for = seconds(60)}, {.ref = kAccess, .valid_for = seconds(60)}});
  recorder.record(0, Status::kUp, at(seconds(0)));
  recorder.record(1, Status::kUp, at(seconds(0)));
  recorder.record(0, Status::kDown, at(seconds(0)));
  recorder.record(1, Status::kDown, at(seconds(5)));
  recorder.record(0, Status::kUp, at(seconds(10)));
  recorder.record(1, Status::kUp, at(seconds(15)));
  const auto episodes = recorder.advance(at(seconds(30)));
  EXPECT_EQ(of(episodes, kDns).down, seconds(10));
  EXPECT_EQ(of(episodes, kAccess).down, seconds(10));
  EXPECT_EQ(of(episodes, kTotalOfSynthetic).down, seconds(15));
  EXPECT_EQ(recorder.counters().at(kTotalOfSynthetic).unavailable, seconds(15));
}

TEST(RecorderTest, CutsAnOutageIntoEpisodesWithoutLosingATick) {
  Recorder recorder(one_check());
  Milliseconds down{0};
  std::uint64_t checks = 0;
  // Up but from 41 s to 88 s: 47 s down, in three episodes.
  for (int second = 0; second <= 150; ++second) {
    const bool is_down = second >= 41 && second < 88;
    recorder.record(0, is_down ? Status::kDown : Status::kUp, at(seconds(second)));
    for (const Episode& episode : recorder.advance(at(seconds(second)))) {
      if (episode.ref != kDns) continue;
      down += episode.timers.down;
      checks += episode.checks;
      EXPECT_EQ(episode.timers.measured(), kEpisodeLength);
    }
  }
  EXPECT_EQ(down, seconds(47));
  EXPECT_EQ(checks, 150U);
  EXPECT_EQ(recorder.counters().at(kDns).unavailable, seconds(47));
}

TEST(RecorderTest, BeginsInTheMiddleOfAnEpisode) {
  Recorder recorder(one_check());
  recorder.record(0, Status::kUp, at(seconds(21)));
  EXPECT_EQ(of(recorder.advance(at(seconds(30))), kDns),
            timers(seconds(9), seconds(0), seconds(0)));
}

TEST(RecorderTest, InventsNothingWhenTheClockJumpsAhead) {
  Recorder recorder(one_check(seconds(20)));
  recorder.record(0, Status::kUp, at(seconds(0)));
  Milliseconds up{0};
  for (const Episode& episode : recorder.advance(at(std::chrono::hours(24 * 365)))) {
    if (episode.ref == kDns) up += episode.timers.up;
  }
  EXPECT_EQ(up, seconds(20));
  recorder.record(0, Status::kUp, at(std::chrono::hours(24 * 365) + seconds(10)));
  const auto episodes = recorder.advance(at(std::chrono::hours(24 * 365) + seconds(30)));
  ASSERT_EQ(episodes.size(), 2U);
  EXPECT_EQ(episodes[0].start, Seconds(kStart + std::chrono::hours(24 * 365)));
}

TEST(RecorderTest, BeginsAnewWhenTheClockJumpsBack) {
  Recorder recorder(one_check());
  recorder.record(0, Status::kDown, at(seconds(100)));
  recorder.record(0, Status::kUp, at(seconds(2)));
  const auto episodes = recorder.advance(at(seconds(30)));
  EXPECT_EQ(of(episodes, kDns), timers(seconds(20), seconds(0), seconds(0)));
}

TEST(RecorderTest, LetsALittleStepBackPass) {
  Recorder recorder(one_check());
  recorder.record(0, Status::kUp, at(milliseconds(5'100)));
  recorder.record(0, Status::kUp, at(milliseconds(4'900)));
  recorder.record(0, Status::kUp, at(seconds(20)));
  const auto episodes = recorder.advance(at(seconds(30)));
  EXPECT_GE(of(episodes, kDns).up, milliseconds(24'800));
}

}  // namespace
}  // namespace meshcheck::sla
