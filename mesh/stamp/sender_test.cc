#include "mesh/stamp/sender.h"

#include <gtest/gtest.h>

#include <random>

#include "mesh/stamp/reflector.h"
#include "mesh/stamp/test_bytes.h"

namespace meshcheck::stamp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WallTime kStart{seconds(1'754'819'072)};
// The reflector's clock is an hour off: round trips must not see it.
constexpr auto kOffset = std::chrono::hours(1);

// A sender, a reflector, and a second between probes; the tests are the network between the two.
class SenderTest : public testing::Test {
 protected:
  Octets send(const Sender::Probe& probe = {}) {
    now_ += seconds(1);
    const auto sent = sender_.send(probe, now_, out_);
    return {sent.packet.begin(), sent.packet.end()};
  }
  Octets reflect(const Octets& probe, const Key* key = nullptr) {
    const auto reply = reflector_.reflect({.packet = probe,
                                           .peer = {},
                                           .key = key,
                                           .received = now_ + kOffset + milliseconds(1),
                                           .now = now_ + kOffset + milliseconds(11),
                                           .ttl = 60},
                                          out_);
    EXPECT_TRUE(reply) << (reply ? "" : reply.error().message());
    return {reply->packet.begin(), reply->packet.end()};
  }
  Sender::Answer receive(const Octets& reply) {
    const auto answer = sender_.receive(reply, now_ + milliseconds(13));
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message());
    return answer ? *answer : Sender::Answer{};
  }
  std::string refusal(const Octets& reply) {
    const auto answer = sender_.receive(reply, now_);
    return answer ? "accepted" : answer.error().message();
  }
  void exchange(int times) {
    for (int i = 0; i < times; ++i) receive(reflect(send()));
  }
  void lose_forward(int times) {
    for (int i = 0; i < times; ++i) send();
  }
  void lose_backward(int times) {
    for (int i = 0; i < times; ++i) reflect(send());
  }
  std::string losses() const {
    const auto totals = sender_.totals();
    return std::to_string(totals.lost_forward) + " forward, " +
           std::to_string(totals.lost_backward) + " backward";
  }

  WallTime now_ = kStart;
  Sender sender_{{.ssid = 7}, nullptr};
  Reflector reflector_{{.asymmetrical = true}};
  Octets out_ = Octets(9600);
};

TEST_F(SenderTest, MeasuresWithoutTheTimeAtTheReflector) {
  receive(reflect(send()));
  const auto answer = receive(reflect(send()));
  EXPECT_EQ(answer.sequence, 1U);
  EXPECT_EQ(answer.reflector_sequence, 1U);
  EXPECT_EQ(answer.sent, now_);
  EXPECT_EQ(answer.reflector_received, now_ + kOffset + milliseconds(1));
  EXPECT_EQ(answer.ttl, 60);
  EXPECT_EQ(answer.round_trip(), milliseconds(3));
}

TEST_F(SenderTest, MeasuresFromWhenAProbeReallyLeft) {
  const Octets reply = reflect(send());
  sender_.transmitted(0, now_ + milliseconds(1));
  EXPECT_EQ(receive(reply).round_trip(), milliseconds(2));
}

TEST_F(SenderTest, UnderstandsAReflectorWithPtpTimestamps) {
  reflector_ = Reflector({.error = {.format = TimestampFormat::kPtp}});
  EXPECT_EQ(receive(reflect(send())).round_trip(), milliseconds(3));
}

TEST_F(SenderTest, ChargesLossesToTheirDirection) {
  exchange(3);
  lose_forward(2);
  EXPECT_EQ(losses(), "0 forward, 0 backward");  // Still in flight, as far as anybody knows.
  exchange(1);
  EXPECT_EQ(losses(), "2 forward, 0 backward");
  lose_backward(3);
  exchange(1);
  EXPECT_EQ(losses(), "2 forward, 3 backward");
  lose_forward(1);
  lose_backward(1);
  exchange(1);
  EXPECT_EQ(losses(), "3 forward, 4 backward");
  EXPECT_EQ(sender_.totals().sent, 13U);
  EXPECT_EQ(sender_.totals().received, 6U);
}

TEST_F(SenderTest, ChargesLossesBeforeTheFirstAnswerToo) {
  lose_forward(2);
  lose_backward(3);
  exchange(1);
  EXPECT_EQ(losses(), "2 forward, 3 backward");
}

TEST_F(SenderTest, TakesALossBackIfTheReplyWasOnlyLate) {
  const Octets late = reflect(send());
  exchange(1);
  EXPECT_EQ(losses(), "0 forward, 1 backward");
  EXPECT_TRUE(receive(late).reordered);
  EXPECT_EQ(losses(), "0 forward, 0 backward");
  EXPECT_EQ(sender_.totals().reordered, 1U);
}

TEST_F(SenderTest, IsNotConfusedByProbesThatOvertake) {
  exchange(1);
  const Octets first = send();
  const Octets second = send();
  receive(reflect(second));
  receive(reflect(first));
  exchange(1);
  EXPECT_EQ(losses(), "0 forward, 0 backward");
  EXPECT_EQ(sender_.totals().restarts, 0U);
}

TEST_F(SenderTest, CountsDuplicatesOfEitherDirectionAsNoLoss) {
  exchange(1);
  const Octets probe = send();
  const Octets reply = reflect(probe);
  EXPECT_FALSE(receive(reply).duplicate);
  EXPECT_TRUE(receive(reply).duplicate);           // Doubled on the way back.
  EXPECT_TRUE(receive(reflect(probe)).duplicate);  // On the way there.
  lose_forward(1);
  exchange(1);
  EXPECT_EQ(losses(), "1 forward, 0 backward");
  EXPECT_EQ(sender_.totals().duplicated, 2U);
}

TEST_F(SenderTest, GoesOnWhenTheReflectorRestarts) {
  exchange(3);
  lose_backward(1);
  exchange(1);
  const Octets late = reflect(send());
  reflector_ = Reflector({});
  lose_forward(2);
  lose_backward(1);
  exchange(2);
  EXPECT_EQ(sender_.totals().restarts, 1U);
  // `late` left before the restart; that it reached the reflector was forgotten with it.
  EXPECT_EQ(losses(), "3 forward, 2 backward");
  receive(late);
  exchange(1);
  EXPECT_EQ(losses(), "2 forward, 2 backward");
}

TEST_F(SenderTest, BeginsInTheMiddleOfACountThatAnotherSessionLeft) {
  for (int i = 0; i < 5; ++i) reflect(send());
  sender_ = Sender({.ssid = 7}, nullptr);
  exchange(2);
  lose_forward(1);
  exchange(1);
  EXPECT_EQ(losses(), "1 forward, 0 backward");
}

TEST_F(SenderTest, GoesOnAfterBothSequencesWrap) {
  sender_ = Sender({.ssid = 7, .first_sequence = 0xfffffffe}, nullptr);
  reflector_ = Reflector({.first_sequence = 0xffffffff});
  exchange(1);
  lose_forward(1);
  exchange(1);
  EXPECT_EQ(losses(), "1 forward, 0 backward");
  lose_backward(2);
  const auto answer = receive(reflect(send()));
  EXPECT_EQ(answer.sequence, 3U);
  EXPECT_EQ(answer.reflector_sequence, 3U);
  EXPECT_EQ(losses(), "1 forward, 2 backward");
}

TEST_F(SenderTest, CountsRandomLossExactly) {
  std::mt19937 random(42);
  std::uint64_t forward = 0;
  std::uint64_t backward = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Octets probe = send();
    if (random() % 5 == 0) {
      ++forward;
    } else if (const Octets reply = reflect(probe); random() % 20 == 0) {
      ++backward;
    } else {
      receive(reply);
    }
  }
  exchange(1);
  EXPECT_EQ(losses(),
            std::to_string(forward) + " forward, " + std::to_string(backward) + " backward");
}

TEST_F(SenderTest, RefusesWhatAnswersNoProbeOfItsOwn) {
  EXPECT_EQ(refusal(zeros(43)), "a packet of 43 octets; unauthenticated ones have at least 44");
  const Octets reply = reflect(send());
  Octets changed = reply;
  changed[15] = 8;  // SSID
  EXPECT_EQ(refusal(changed), "a reply of session 8; this one is 7");
  changed = reply;
  changed[27] = 1;  // Session-Sender Sequence Number
  EXPECT_EQ(refusal(changed), "a reply to probe 1, which is none of the last 32");
  changed = reply;
  changed[35] ^= 1;  // Session-Sender Timestamp
  EXPECT_EQ(refusal(changed), "a reply to probe 0 with a time that the probe did not carry");
  lose_forward(32);
  EXPECT_EQ(refusal(reply), "a reply to probe 0, which is none of the last 32");
  EXPECT_EQ(sender_.totals().received, 0U);
}

TEST_F(SenderTest, TakesAZeroSessionUnlessToldNotTo) {
  Octets reply = reflect(send());
  reply[15] = 0;
  receive(reply);
  sender_ = Sender({.ssid = 7, .ssid_required = true}, nullptr);
  reply = reflect(send());
  reply[15] = 0;
  EXPECT_EQ(refusal(reply), "a reply of session 0; this one is 7");
}

TEST_F(SenderTest, SendsProbesOfTheSizeItIsTold) {
  const Key key = test_key();
  for (const Key* mode : {static_cast<const Key*>(nullptr), &key}) {
    Sender sender({.ssid = 7}, mode);
    for (const bool follow_up : {false, true}) {
      for (std::size_t size = 0; size < 300; ++size) {
        const Sender::Probe probe{.size = size, .follow_up = follow_up};
        const std::size_t least = sender.size_min(probe);
        const auto sent = sender.send(probe, kStart, out_);
        const std::size_t expected = size <= least ? least : size - least < 4 ? least + 4 : size;
        ASSERT_EQ(sent.packet.size(), expected);
        ASSERT_TRUE(parse_sender_packet(sent.packet, mode));
        ASSERT_TRUE(read_tlvs(sent.packet, mode).trusted());
      }
    }
  }
}

TEST_F(SenderTest, GetsRepliesOfAnotherSizeInBothDirections) {
  const Key key = test_key();
  sender_ = Sender({.ssid = 7}, &key);
  const Octets large = send({.size = 1472, .reply_size = 0});
  EXPECT_EQ(large.size(), 1472U);
  const Octets small = reflect(large, &key);
  EXPECT_EQ(small.size(), 148U);
  EXPECT_TRUE(receive(small).resized);
  const auto first = receive(reflect(send({.reply_size = 1472, .address_token = 0}), &key));
  EXPECT_FALSE(first.resized) << "it has no token yet";
  const auto token = first.address_token;
  const Octets back = reflect(send({.reply_size = 1472, .address_token = token}), &key);
  EXPECT_EQ(back.size(), 1472U);
  EXPECT_TRUE(receive(back).resized);
  const Octets most = reflect(send({.reply_size = 65535, .address_token = token}), &key);
  EXPECT_FALSE(receive(most).resized);
}

TEST_F(SenderTest, GetsRepliesOfExactlyTheSizeItAskedFor) {
  const Key key = test_key();
  for (const Key* mode : {static_cast<const Key*>(nullptr), &key}) {
    sender_ = Sender({.ssid = 7}, mode);
    reflector_ = Reflector({.asymmetrical = true});
    const std::size_t least = sender_.size_min({.reply_size = 0, .exact = true});
    EXPECT_EQ(least, base_size(mode) + 20 + (mode != nullptr ? 20 : 0));
    for (std::uint16_t size = 0; size < 400; ++size) {
      const Octets reply = reflect(send({.size = 200, .reply_size = size, .exact = true}), mode);
      const Sender::Answer answer = receive(reply);
      // Padding has a header of four octets.
      const bool possible = size <= least || size >= least + 4;
      ASSERT_EQ(answer.resized, possible) << size;
      ASSERT_EQ(reply.size(), possible ? std::max<std::size_t>(size, least) : least + 4);
    }
  }
}

TEST_F(SenderTest, KnowsAReplyThatOnlyClaimsToHaveTheSize) {
  Octets reply = reflect(send({.reply_size = 150}));
  EXPECT_EQ(reply.size(), 152U);
  EXPECT_TRUE(receive(reply).resized) << "RFC 10052 rounds";
  reply = reflect(send({.reply_size = 150}));
  reply[63] = 84;  // The padding's length, at 60 behind the control TLV, less four.
  reply.resize(148);
  EXPECT_FALSE(receive(reply).resized);
  // A reflector that knows nothing of exact sizes says so, and rounds.
  Octets probe = send({.reply_size = 150, .exact = true});
  probe[61] = 251;
  const Octets rounded = reflect(probe);
  EXPECT_EQ(rounded.size(), 152U);
  EXPECT_EQ(rounded[60], kUnrecognized);
  EXPECT_FALSE(receive(rounded).resized);
  probe = send({.reply_size = 152, .exact = true});
  probe[61] = 251;
  EXPECT_TRUE(receive(reflect(probe)).resized);
}

TEST_F(SenderTest, HearsWhenTheReplyBeforeReallyLeft) {
  const Key key = test_key();
  sender_ = Sender({.ssid = 7}, &key);
  const Octets probe = send({.follow_up = true});
  const auto reply = reflector_.reflect({.packet = probe, .peer = {}, .key = &key}, out_);
  const Octets first(reply->packet.begin(), reply->packet.end());
  EXPECT_FALSE(receive(first).follow_up);
  reflector_.transmitted(*reply, kStart, FollowUpTelemetry::Method::kHardware);
  const auto answer = receive(reflect(send({.follow_up = true}), &key));
  ASSERT_TRUE(answer.follow_up);
  EXPECT_EQ(answer.follow_up->sequence, 0U);
  EXPECT_EQ(answer.follow_up->timestamp.time(TimestampFormat::kNtp), kStart);
}

TEST_F(SenderTest, LooksAtNoTlvsThatWereChangedOnTheWay) {
  const Key key = test_key();
  sender_ = Sender({.ssid = 7}, &key);
  // On the way back: our own check. On the way there: the reflector's flags.
  Octets reply = reflect(send({.reply_size = 400}), &key);
  reply[300] ^= 1;
  auto answer = receive(reply);
  EXPECT_FALSE(answer.tlvs_trusted);
  EXPECT_FALSE(answer.resized);
  Octets probe = send({.reply_size = 1000});
  probe[117] ^= 1;
  answer = receive(reflect(probe, &key));
  EXPECT_FALSE(answer.tlvs_trusted);
  EXPECT_FALSE(answer.resized);
}

TEST_F(SenderTest, TakesNoReplyWithABitFlipped) {
  const Key key = test_key();
  sender_ = Sender({.ssid = 7}, &key);
  const Octets reply = reflect(send(), &key);
  for (std::size_t bit = 0; bit < 8 * reply.size(); ++bit) {
    Octets flipped = reply;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    ASSERT_FALSE(sender_.receive(flipped, now_)) << bit;
  }
  const Key other = test_key(0x0c);
  EXPECT_FALSE(Sender({.ssid = 7}, &other).receive(reply, now_));
}

}  // namespace
}  // namespace meshcheck::stamp
