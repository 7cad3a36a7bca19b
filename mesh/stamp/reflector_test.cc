#include "mesh/stamp/reflector.h"

#include <gtest/gtest.h>

#include "mesh/stamp/test_bytes.h"

namespace meshcheck::stamp {
namespace {

using std::chrono::milliseconds;

constexpr WallTime kReceived{std::chrono::seconds(1'754'819'072)};
constexpr WallTime kNow = kReceived + milliseconds(250);
const Octets kControl1500 = octets("800c000c 05dc 0001 00000000 00000000");
const Octets kNoToken = octets("80fd0008") + zeros(8);
const Octets kFollowUp = octets("80070010") + zeros(16);

Octets request(std::uint32_t sequence, const Octets& tlvs = {}, const Key* key = nullptr) {
  Octets packet(base_size(key));
  encode(SenderPacket{.sequence = sequence, .timestamp = {0x1112131415161718}, .ssid = 7}, key,
         packet);
  return packet + tlvs;
}

// The same with the HMAC TLV that it needs.
Octets signed_request(std::uint32_t sequence, const Octets& tlvs, const Key& key) {
  Octets packet = request(sequence, tlvs, &key);
  const std::size_t size = packet.size();
  packet.resize(size + 20);
  TlvWriter writer(packet, size);
  writer.append_hmac(kUnrecognized, key, kAuthenticatedSize);
  return packet;
}

class ReflectorTest : public testing::Test {
 protected:
  Result<Reflector::Reply> reflect(const Octets& packet, const Key* key = nullptr) {
    return reflector_.reflect({.packet = packet,
                               .peer = Endpoint::parse("192.0.2.1:40000").value(),
                               .key = key,
                               .received = kReceived,
                               .now = kNow,
                               .ttl = 63},
                              out_);
  }
  Octets reply(const Octets& packet, const Key* key = nullptr) {
    const auto reflected = reflect(packet, key);
    EXPECT_TRUE(reflected) << (reflected ? "" : reflected.error().message());
    return {reflected->packet.begin(), reflected->packet.end()};
  }
  ReflectorPacket parsed(const Octets& packet, const Key* key = nullptr) {
    return parse_reflector_packet(reply(packet, key), key).value();
  }
  // Of the first TLV of the reply.
  unsigned flags(const Octets& packet, const Key* key = nullptr) {
    return reply(packet, key).at(base_size(key));
  }

  Reflector reflector_{{.asymmetrical = true}};
  Octets out_ = Octets(9600, 0xee);
};

TEST_F(ReflectorTest, AnswersAsRfc8762Says) {
  EXPECT_EQ(reply(request(5)),
            octets("00000000"           // Sequence Number: its own
                   "ec42e880 40000000"  // Timestamp: a quarter of a second later
                   "0001"               // Error Estimate
                   "0007"               // SSID, copied
                   "ec42e880 00000000"  // Receive Timestamp
                   "00000005"           // Session-Sender Sequence Number
                   "11121314 15161718"  // Session-Sender Timestamp
                   "0001"               // Session-Sender Error Estimate
                   "0000 3f 000000"));  // MBZ, Session-Sender TTL, MBZ
}

TEST_F(ReflectorTest, CountsEachSessionByItself) {
  EXPECT_EQ(parsed(request(5)).sequence, 0U);
  EXPECT_EQ(parsed(request(9)).sequence, 1U);
  Octets other = request(6);
  other[15] = 8;  // SSID
  EXPECT_EQ(parsed(other).sequence, 0U);
  EXPECT_EQ(parsed(request(10)).sequence, 2U);
  EXPECT_EQ(reflector_.sessions(), 2U);
}

TEST_F(ReflectorTest, CountsEachPortByItselfUnlessThereIsAnSsid) {
  const auto from = [this](std::uint16_t port, const Octets& packet) {
    const auto reflected =
        reflector_.reflect({.packet = packet,
                            .peer = Endpoint::parse("192.0.2.1:" + std::to_string(port)).value(),
                            .local = {},
                            .key = nullptr,
                            .received = kReceived,
                            .now = kNow},
                           out_);
    return parse_reflector_packet(reflected->packet, nullptr)->sequence;
  };
  EXPECT_EQ(from(40000, request(5)), 0U);
  EXPECT_EQ(from(40001, request(6)), 1U);
  Octets plain = request(5);
  plain[15] = 0;  // SSID
  EXPECT_EQ(from(40000, plain), 0U);
  EXPECT_EQ(from(40001, plain), 0U);
  EXPECT_EQ(from(40000, plain), 1U);
}

TEST_F(ReflectorTest, AnswersNoReply) {
  const Key key = test_key();
  for (const Key* mode : {static_cast<const Key*>(nullptr), &key}) {
    const auto refused = reflect(reply(request(5, {}, mode), mode), mode);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message(), "a reply, and no request");
  }
  Octets padded(kUnauthenticatedSize, 0x5a);  // As a TWAMP sender may fill it.
  EXPECT_TRUE(reflect(padded));
  EXPECT_EQ(reflector_.sessions(), 2U);
}

TEST_F(ReflectorTest, CountsForEachOfItsAddresses) {
  const auto sequence = [&](const std::string& local) {
    const Octets packet = request(5);
    return reflector_
        .reflect({.packet = packet, .peer = {}, .local = *IpAddress::parse(local)}, out_)
        ->sequence;
  };
  EXPECT_EQ(sequence("192.0.2.8"), 0U);
  EXPECT_EQ(sequence("192.0.2.8"), 1U);
  EXPECT_EQ(sequence("192.0.2.9"), 0U);
}

TEST_F(ReflectorTest, GoesOnAfterTheSequenceWraps) {
  reflector_ = Reflector({.first_sequence = 0xffffffff});
  EXPECT_EQ(parsed(request(1)).sequence, 0xffffffffU);
  EXPECT_EQ(parsed(request(2)).sequence, 0U);
}

TEST_F(ReflectorTest, PushesOutTheSessionThatWasSilentLongest) {
  reflector_ = Reflector({.sessions_max = 2});
  const auto with_ssid = [](std::uint8_t ssid) {
    Octets packet = request(0);
    packet[15] = ssid;
    return packet;
  };
  for (const std::uint8_t ssid : octets("01 02 01 03")) reply(with_ssid(ssid));
  EXPECT_EQ(reflector_.sessions(), 2U);
  EXPECT_EQ(reflector_.sessions_evicted(), 1U);
  EXPECT_EQ(parsed(with_ssid(1)).sequence, 2U);
  EXPECT_EQ(parsed(with_ssid(2)).sequence, 0U);  // Began again, and pushed out 3.
  EXPECT_EQ(parsed(with_ssid(3)).sequence, 0U);
}

TEST_F(ReflectorTest, LeavesSessionsAloneIfARequestIsRefused) {
  const Key key = test_key();
  const Key other = test_key(0x0c);
  EXPECT_FALSE(reflect(request(1, {}, &other), &key));
  EXPECT_FALSE(reflect(request(1), &key));
  EXPECT_FALSE(reflect(octets("0000")));
  EXPECT_EQ(reflect(request(1, zeros(9600))).error().message(),
            "a packet of 9644 octets; at most 9600 are reflected");
  EXPECT_EQ(reflector_.sessions(), 0U);
}

TEST_F(ReflectorTest, RepliesInTheSizeOfTheRequest) {
  const Key key = test_key();
  // Whatever follows: TLVs, zeros, or what is no TLV at all.
  for (std::size_t more = 0; more < 300; ++more) {
    EXPECT_EQ(reply(request(1, zeros(more))).size(), 44 + more);
    EXPECT_EQ(reply(request(1, Octets(more, 0xff))).size(), 44 + more);
    EXPECT_EQ(reply(request(1, Octets(more, 0x01), &key), &key).size(), 112 + more);
  }
}

TEST_F(ReflectorTest, MarksTlvsItDoesNotKnowAndReturnsThem) {
  const Octets packet = request(1, octets("80 63 0004 01020304 ff 01 0002 aabb"));
  const Octets answer = reply(packet);
  EXPECT_EQ(Octets(answer.begin() + 44, answer.end()),
            octets("80 63 0004 01020304"  // Type 99: the U flag stays.
                   "00 01 0002 aabb"));   // Extra Padding: all flags are the reflector's.
}

TEST_F(ReflectorTest, MarksAMalformedTlvAndCopiesTheRest) {
  const Octets answer = reply(request(1, octets("80010001 aa 80 01 0063 80630000")));
  EXPECT_EQ(Octets(answer.begin() + 44, answer.end()),
            octets("00010001 aa"                           // Good.
                   "40 01 0063"                            // Longer than the packet.
                   "80630000"));                           // As it came.
  EXPECT_EQ(flags(request(2, octets("80"))), kMalformed);  // Less than a header.
  EXPECT_EQ(flags(request(3, octets("0163"))), kMalformed | kUnrecognized);
  EXPECT_EQ(flags(request(4, octets("80080001 00"))), kMalformed);  // No HMAC is this short.
}

TEST_F(ReflectorTest, ClearsAFollowUpOfTheWrongLength) {
  const Octets answer = reply(request(1, octets("8007000e ffffffffffffffffffffffffffff")));
  EXPECT_EQ(Octets(answer.begin() + 44, answer.end()),
            octets("4007000e 000000000000000000000000 ffff"));
}

TEST_F(ReflectorTest, MarksEveryTlvIfTheHmacFails) {
  const Key key = test_key();
  Octets packet = signed_request(1, kFollowUp + octets("80630000"), key);
  packet.back() ^= 1;
  const Octets answer = reply(packet, &key);
  EXPECT_EQ(answer[112], kIntegrityFailed);
  EXPECT_EQ(answer[132], kIntegrityFailed | kUnrecognized);
  EXPECT_EQ(answer[136], kIntegrityFailed);
  EXPECT_EQ(Octets(answer.end() - 16, answer.end()), Octets(packet.end() - 16, packet.end()));
  // Missing where it must not be, and there without a key.
  EXPECT_EQ(flags(request(2, kFollowUp, &key), &key), kIntegrityFailed);
  EXPECT_EQ(flags(request(3, octets("80080010") + zeros(16))), kIntegrityFailed);
}

TEST_F(ReflectorTest, SignsTheTlvsOfItsReply) {
  const Key key = test_key();
  const Octets answer = reply(signed_request(1, kFollowUp + octets("80630000"), key), &key);
  const TlvList list = read_tlvs(answer, &key);
  EXPECT_EQ(list.integrity, TlvList::Integrity::kVerified);
  EXPECT_EQ(list.tlvs.size(), 3U);
  EXPECT_EQ(list.tlvs[0].flags, 0);
}

TEST_F(ReflectorTest, TellsWhenTheReplyBeforeReallyLeft) {
  using Method = FollowUpTelemetry::Method;
  const auto follow_up = [&](std::uint32_t sequence) {
    const Octets answer = reply(request(sequence, kFollowUp));
    return FollowUpTelemetry::parse(Bytes(answer).subspan(48));
  };
  EXPECT_EQ(follow_up(1), FollowUpTelemetry{});  // There was none before.
  const auto second = reflect(request(2));
  reflector_.transmitted(*second, kNow + milliseconds(250), Method::kSoftware);
  EXPECT_EQ(follow_up(3),
            (FollowUpTelemetry{
                .sequence = 1, .timestamp = {0xec42e88080000000U}, .method = Method::kSoftware}));
  EXPECT_EQ(follow_up(4), FollowUpTelemetry{});              // Nothing was reported of 3.
  reflector_.transmitted(*second, kNow, Method::kSoftware);  // Too late.
  EXPECT_EQ(follow_up(5), FollowUpTelemetry{});
}

TEST_F(ReflectorTest, MakesRepliesOfTheSizeAskedFor) {
  const Key key = test_key();
  const Octets token = reply(signed_request(0, kNoToken, key), &key);
  const Octets tlvs = kControl1500 + Octets(token.begin() + 112, token.begin() + 124);
  const Octets up = reply(signed_request(1, tlvs, key), &key);
  EXPECT_EQ(up.size(), 1500U);
  EXPECT_TRUE(read_tlvs(up, &key).trusted());
  EXPECT_EQ(up[112], 0);
  // Down: the request's padding goes, and nothing but it.
  const Octets padding = octets("80010400") + zeros(1024);
  const Octets down =
      reply(signed_request(2, octets("800c000c 0000 0001 00000000 00000000") + padding, key), &key);
  EXPECT_EQ(down.size(), 112U + 16 + 20);
  EXPECT_EQ(down[112], 0);
  // Rounded up to four octets; and a gap too small for padding is filled up.
  const auto size_for = [&](std::uint32_t sequence, std::uint8_t low) {
    Octets control = kControl1500;
    control[4] = 0;
    control[5] = low;
    return reply(signed_request(sequence, control + octets("80630001 aa"), key), &key).size();
  };
  EXPECT_EQ(size_for(3, 201), 204U);
  EXPECT_EQ(size_for(4, 153), 157U);  // 153 without padding, 156 asked for.
}

TEST_F(ReflectorTest, MakesRepliesOfExactlyTheSizeIfThatIsAskedFor) {
  const Octets control = octets("800c000c 0065 0001 00000000 00000000");  // 101
  const Octets answer = reply(request(1, control + octets("80fc0000")));
  EXPECT_EQ(answer.size(), 101U);
  EXPECT_EQ(answer[44], 0);
  EXPECT_EQ(answer[60], 0) << "the type is known";
  EXPECT_TRUE(read_tlvs(answer, nullptr).trusted());
  EXPECT_EQ(reply(request(2, control)).size(), 104U);
  EXPECT_EQ(reply(request(3, octets("80fc0000"))).size(), 48U) << "nothing was asked for";
  const Octets with_value = reply(request(4, control + octets("80fc0001 aa")));
  EXPECT_EQ(with_value.size(), 65U);
  EXPECT_EQ(with_value[60], kMalformed);
  // Which cannot be: padding has a header.
  EXPECT_EQ(flags(request(5, octets("800c000c 0042 0001 00000000 00000000 80fc0000"))),
            kNotConformant);
}

TEST_F(ReflectorTest, TellsRequestsOfSizesFromOrdinaryOnes) {
  EXPECT_FALSE(reflect(request(1))->of_size);
  EXPECT_FALSE(reflect(request(2, kFollowUp))->of_size);
  EXPECT_TRUE(reflect(request(3, kControl1500))->of_size);
  EXPECT_TRUE(reflect(request(3, kControl1500))->of_size) << "also if it is replayed";
}

TEST_F(ReflectorTest, SendsALargeReplyOnlyToAnAddressThatGetsItsReplies) {
  const Key key = test_key();
  for (const Key* mode : {static_cast<const Key*>(nullptr), &key}) {
    reflector_ = Reflector({.asymmetrical = true});
    const auto sign = [&](std::uint32_t sequence, const Octets& tlvs) {
      return mode == nullptr ? request(sequence, tlvs) : signed_request(sequence, tlvs, *mode);
    };
    const std::size_t at = base_size(mode);
    const Octets first = reply(sign(1, kNoToken + kControl1500), mode);
    EXPECT_EQ(first.size(), 3 * sign(1, kNoToken + kControl1500).size());
    EXPECT_EQ(first[at + 12], kNotConformant);
    Octets token(first.begin() + static_cast<std::ptrdiff_t>(at),
                 first.begin() + static_cast<std::ptrdiff_t>(at) + 12);
    EXPECT_NE(Octets(token.begin() + 4, token.end()), zeros(8));
    token[0] = kUnrecognized;
    EXPECT_EQ(reply(sign(2, token + kControl1500), mode).size(), 1500U);
    const auto elsewhere = reflector_.reflect({.packet = sign(3, token + kControl1500),
                                               .peer = *Endpoint::parse("192.0.2.2:40000"),
                                               .key = mode,
                                               .received = kReceived,
                                               .now = kNow},
                                              out_);
    EXPECT_EQ(elsewhere->packet.size(), 3 * sign(3, kNoToken + kControl1500).size());
    token.back() ^= 1;
    EXPECT_LT(reply(sign(4, token + kControl1500), mode).size(), 1500U);
  }
}

TEST_F(ReflectorTest, NeverMakesRepliesLargerThanItsBounds) {
  const Key key = test_key();
  const Octets huge = octets("800c000c ffff 0001 00000000 00000000");
  const Octets open = reply(request(1, huge));
  EXPECT_EQ(open.size(), 3 * 60U);  // amplification_max times the request
  EXPECT_EQ(open[44], kNotConformant);
  Octets token = reply(signed_request(1, kNoToken, key), &key);
  token = Octets(token.begin() + 112, token.begin() + 124);
  const Octets with_key = reply(signed_request(2, huge + token, key), &key);
  EXPECT_EQ(with_key.size(), 9600U);
  EXPECT_EQ(with_key[112], kNotConformant);
  EXPECT_TRUE(read_tlvs(with_key, &key).trusted());
  // Within the bounds no flag is set.
  EXPECT_EQ(reply(request(3, octets("800c000c 00b4 0001 00000000 00000000"))).size(), 180U);
  EXPECT_EQ(flags(request(4, octets("800c000c 00b4 0001 00000000 00000000"))), 0U);
}

TEST_F(ReflectorTest, AddsNoPaddingBeyondTheBoundOfTlvs) {
  Octets tlvs = kControl1500;
  for (std::size_t i = 1; i < kTlvsMax; ++i) tlvs = tlvs + octets("80630000");
  const Octets answer = reply(request(1, tlvs));
  EXPECT_EQ(answer.size(), 44 + tlvs.size());
  EXPECT_EQ(answer[44], kNotConformant);
  EXPECT_TRUE(read_tlvs(answer, nullptr).trusted());
}

TEST_F(ReflectorTest, SendsOneReplyHoweverManyAreAskedFor) {
  EXPECT_EQ(flags(request(1, octets("800c000c 0050 0002 00000000 00000000"))), kNotConformant);
  const auto none = reflect(request(2, octets("800c000c 0050 0000 00000000 00000000")));
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->packet.empty());
  EXPECT_EQ(parsed(request(3)).sequence, 1U);  // No reply, no sequence number.
}

TEST_F(ReflectorTest, ObeysNoControlThatIsOffOrReplayedOrHasSubTlvs) {
  EXPECT_EQ(reply(request(5, kControl1500)).size(), 180U);
  const Octets replayed = reply(request(5, kControl1500));
  EXPECT_EQ(replayed.size(), 60U);
  EXPECT_EQ(replayed[44], kUnrecognized);
  EXPECT_EQ(flags(request(4, kControl1500)), kUnrecognized);
  EXPECT_EQ(flags(request(6, octets("800c000c 05dc 0001 00000000 000a0000"))), kUnrecognized);
  reflector_ = Reflector({});
  const Octets off = reply(request(7, kControl1500));
  EXPECT_EQ(off.size(), 60U);
  EXPECT_EQ(off[44], kUnrecognized);
}

TEST_F(ReflectorTest, ObeysNoControlThatNobodySigned) {
  const Key key = test_key();
  const Octets answer = reply(request(1, kControl1500, &key), &key);
  EXPECT_EQ(answer.size(), 128U);
  EXPECT_EQ(answer[112], kIntegrityFailed);
}

}  // namespace
}  // namespace meshcheck::stamp
