#include "mesh/path/stamp_path.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "mesh/stamp/reflector.h"

namespace meshcheck::mesh {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

stamp::Key key_of(std::uint8_t byte) {
  const std::array<std::uint8_t, 32> secret{byte, byte};
  return *stamp::Key::from_bytes(secret);
}

// How long each leg of a probe takes.
struct Times {
  nanoseconds forward = 100us;
  nanoseconds in_program = 50us;  // From the reflector's receive time to its own send time...
  nanoseconds to_wire = 20us;     // ... and from there until the packet left.
  nanoseconds backward = 200us;
  nanoseconds wall_step = 0ns;  // Our wall clock is set by that meanwhile.
  bool drop_forward = false;
  bool drop_backward = false;
};

// A path and its reflector, whose clock is off by an hour, with delays as the test wants them.
class Pair {
 public:
  explicit Pair(const stamp::Key* key = nullptr)
      : key_(key), path_({.ssid = 7}, key, steady_), reflector_({}) {}

  // One probe and, a second later, the next one's turn. What receive() returned.
  std::optional<nanoseconds> probe(Times times = {}) {
    std::array<std::uint8_t, 512> out{};
    const auto sent = path_.send({wall_, steady_}, out);
    path_.transmitted(sent.sequence, wall_);
    std::optional<nanoseconds> round_trip;
    if (!times.drop_forward) round_trip = reflect(sent.packet, times);
    wall_ += 1s;
    steady_ += 1s;
    path_.tick(steady_);
    return round_trip;
  }

  std::optional<nanoseconds> reflect(stamp::Bytes packet, const Times& times) {
    std::vector<std::uint8_t> out(stamp::Reflector::Options().reply_size_max);
    const WallTime arrived = wall_ + 1h + times.forward;
    const auto reply = reflector_.reflect({.packet = packet,
                                           .peer = {},
                                           .key = key_,
                                           .received = arrived,
                                           .now = arrived + times.in_program,
                                           .ttl = 64},
                                          out);
    EXPECT_TRUE(reply);
    if (!reply) return std::nullopt;
    reflector_.transmitted(*reply, arrived + times.in_program + times.to_wire,
                           stamp::FollowUpTelemetry::Method::kSoftware);
    if (times.drop_backward) return std::nullopt;
    const nanoseconds whole = times.forward + times.in_program + times.to_wire + times.backward;
    const auto received =
        path_.receive(reply->packet, wall_ + whole + times.wall_step, steady_ + whole);
    EXPECT_TRUE(received) << received.error().message();
    return received ? *received : std::nullopt;
  }

  const stamp::Key* key_;
  WallTime wall_{std::chrono::hours(500'000)};
  Clock::time_point steady_{1h};
  StampPath path_;
  stamp::Reflector reflector_;
};

TEST(StampPathTest, FindsTheRoundTripWithoutTheReflectorsProgram) {
  Pair pair;
  EXPECT_FALSE(pair.probe());
  EXPECT_EQ(pair.probe(), 300us);  // Of the first, as the second told when it had really left.
  EXPECT_EQ(pair.probe({.in_program = 3ms, .to_wire = 5ms}), 300us);
  EXPECT_EQ(pair.probe(), 300us);
  const auto round_trips = pair.path_.path().summary(pair.steady_).round_trips;
  ASSERT_TRUE(round_trips);
  EXPECT_EQ(round_trips->p50, 300us);
  EXPECT_EQ(round_trips->max, 320us);  // The last one still waits for its follow-up.
}

TEST(StampPathTest, ChargesLossesToTheirDirection) {
  Pair pair;
  for (int i = 0; i < 10; ++i) pair.probe();
  for (int i = 0; i < 3; ++i) {
    pair.probe({.drop_forward = true});
    pair.probe();
  }
  pair.probe({.drop_backward = true});
  pair.probe();
  const PathSummary summary = pair.path_.path().summary(pair.steady_);
  EXPECT_EQ(summary.sent, 18U);
  EXPECT_EQ(summary.lost, 4U);
  EXPECT_EQ(summary.lost_forward, 3U);
  EXPECT_EQ(summary.lost_backward, 1U);
}

TEST(StampPathTest, DoesNotBelieveAWallClockThatWasSet) {
  Pair pair;
  pair.probe();
  pair.probe();
  pair.probe({.wall_step = 10min});
  pair.probe({.wall_step = -10min});
  pair.probe();
  const PathSummary summary = pair.path_.path().summary(pair.steady_);
  EXPECT_EQ(summary.lost, 0U);
  EXPECT_EQ(summary.late, 0U);
  EXPECT_EQ(summary.state, PathState::kUp);
  EXPECT_LE(summary.round_trips->max, 320us);
}

TEST(StampPathTest, GoesOnWithAnotherKey) {
  const stamp::Key first = key_of(1);
  const stamp::Key second = key_of(2);
  Pair pair(&first);
  for (int i = 0; i < 5; ++i) pair.probe();
  pair.path_.use_key(&second);
  pair.key_ = &second;
  for (int i = 0; i < 5; ++i) {
    pair.probe();
    EXPECT_EQ(pair.path_.path().state(), PathState::kUp);
  }
  EXPECT_EQ(pair.path_.path().totals().lost, 0U);
}

TEST(StampPathTest, RefusesWhatAnswersNoProbe) {
  Pair pair;
  pair.probe();
  const std::array<std::uint8_t, 44> zeros{};
  EXPECT_FALSE(pair.path_.receive(zeros, pair.wall_, pair.steady_));
}

}  // namespace
}  // namespace meshcheck::mesh
