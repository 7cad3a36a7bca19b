#include "mesh/stamp/tlv.h"

#include <gtest/gtest.h>

#include "mesh/stamp/test_bytes.h"

namespace meshcheck::stamp {
namespace {

using Integrity = TlvList::Integrity;

// An unauthenticated packet with sequence number 0x102; read_tlvs() looks at nothing else of it.
const Octets kBase = octets("00000102") + zeros(40);
const Octets kSignedBase = octets("00000102") + zeros(108);

const Octets kPadding = octets(
    "80 01 0004"  // U flag, Type 1, Length 4
    "deadbeef");  // Extra Padding
const Octets kFollowUp = octets(
    "80 07 0010"         // U flag, Type 7, Length 16
    "00000000"           // Sequence Number
    "00000000 00000000"  // Follow-Up Timestamp
    "00 000000");        // Timestamp M, Reserved
const Octets kControl = octets(
    "80 0c 000c"    // U flag, Type 12, Length 12
    "05dc"          // Length of the Reflected Packet: 1500
    "0001"          // Number of the Reflected Packets
    "00000000"      // Interval Between the Reflected Packets
    "00 00 0000");  // Sub-TLVs: an empty one
// Over 00000102 and kFollowUp, made with another implementation.
const Octets kFollowUpHmac = octets("80 08 0010 ab1c6006 f66ea584 c266b4d5 9b5db9b9");

TEST(TlvListTest, IsEmptyWithoutTlvs) {
  const TlvList list = read_tlvs(kBase, nullptr);
  EXPECT_TRUE(list.tlvs.empty());
  EXPECT_TRUE(list.trusted());
  EXPECT_EQ(list.integrity, Integrity::kUnprotected);
}

TEST(TlvListTest, HasEachTlvWhereItIs) {
  const Octets packet = kBase + kPadding + kFollowUp + kControl;
  const TlvList list = read_tlvs(packet, nullptr);
  ASSERT_EQ(list.tlvs.size(), 3U);
  EXPECT_TRUE(list.trusted());
  EXPECT_EQ(list.tlvs[0].at, 44U);
  EXPECT_EQ(list.tlvs[0].flags, kUnrecognized);
  EXPECT_EQ(Octets(list.tlvs[0].value.begin(), list.tlvs[0].value.end()), octets("deadbeef"));
  EXPECT_EQ(list.find(TlvType::kFollowUpTelemetry), &list.tlvs[1]);
  EXPECT_EQ(list.find(TlvType::kReflectedPacketControl)->end(), packet.size());
  EXPECT_EQ(list.find(TlvType::kHmac), nullptr);
}

TEST(TlvListTest, StopsWhereATlvIsCut) {
  const Octets packet = kBase + kPadding + kFollowUp;
  for (std::size_t size = 44; size <= packet.size(); ++size) {
    const TlvList list = read_tlvs(Bytes(packet).first(size), nullptr);
    const bool whole = size == 44 || size == 52 || size == packet.size();
    EXPECT_EQ(list.trusted(), whole) << size;
    if (!whole) {
      EXPECT_EQ(list.malformed_at, size < 52 ? 44U : 52U) << size;
    }
    EXPECT_EQ(list.tlvs.size(), size < 52 ? 0U : size < packet.size() ? 1U : 2U) << size;
  }
}

TEST(TlvListTest, StopsAtALengthThatIsWrongForTheType) {
  for (const std::string_view hex :
       {"80070004 00000000", "80080008 0000000000000000", "800c0008 0000000000000000",
        "8007ffff 00000000", "80010015 00000000"}) {
    const TlvList list = read_tlvs(kBase + octets(hex) + kPadding, nullptr);
    EXPECT_EQ(list.malformed_at, 44U) << hex;
    EXPECT_TRUE(list.tlvs.empty());
  }
}

TEST(TlvListTest, StopsAfterItsBound) {
  Octets packet = kBase;
  for (std::size_t i = 0; i < kTlvsMax; ++i) packet = packet + octets("80630000");
  EXPECT_TRUE(read_tlvs(packet, nullptr).trusted());
  packet = packet + octets("80630000");
  const TlvList list = read_tlvs(packet, nullptr);
  EXPECT_EQ(list.tlvs.size(), kTlvsMax);
  EXPECT_EQ(list.malformed_at, 44 + 4 * kTlvsMax);
}

TEST(TlvListTest, VerifiesTheHmacOverTheSequenceNumberAndWhatComesBefore) {
  const Key key = test_key();
  const Key other = test_key(0x0c);
  const Octets packet = kSignedBase + kFollowUp + kFollowUpHmac;
  EXPECT_EQ(read_tlvs(packet, &key).integrity, Integrity::kVerified);
  EXPECT_EQ(read_tlvs(packet + kPadding, &key).integrity, Integrity::kVerified);
  EXPECT_EQ(read_tlvs(packet, &other).integrity, Integrity::kFailed);
  // The fixed part has an HMAC of its own; this one covers the first four octets of it.
  for (std::size_t at = 0; at < packet.size(); ++at) {
    if (at >= 4 && at < kAuthenticatedSize) continue;
    // Lengths and types make other lists of it; the HMAC's own flags are what nothing covers.
    Octets changed = packet;
    changed[at] ^= 0x01;
    EXPECT_EQ(read_tlvs(changed, &key).trusted(), at == packet.size() - 20) << at;
  }
}

TEST(TlvListTest, FailsWithoutTheHmacThatAuthenticatedModeDemands) {
  const Key key = test_key();
  EXPECT_EQ(read_tlvs(kSignedBase, &key).integrity, Integrity::kUnprotected);
  EXPECT_EQ(read_tlvs(kSignedBase + kPadding, &key).integrity, Integrity::kUnprotected);
  EXPECT_EQ(read_tlvs(kSignedBase + kFollowUp, &key).integrity, Integrity::kFailed);
  EXPECT_EQ(read_tlvs(kSignedBase + kPadding + kPadding, &key).integrity, Integrity::kFailed);
}

TEST(TlvListTest, FailsIfTheHmacCannotBeWhereItIs) {
  const Key key = test_key();
  const Octets packet = kFollowUp + kFollowUpHmac;
  EXPECT_EQ(read_tlvs(kSignedBase + packet + kFollowUp, &key).integrity, Integrity::kFailed);
  EXPECT_EQ(read_tlvs(kSignedBase + packet + kFollowUpHmac, &key).integrity, Integrity::kFailed);
  EXPECT_EQ(read_tlvs(kBase + packet, nullptr).integrity, Integrity::kFailed);  // No key.
}

TEST(FollowUpTelemetryTest, IsWrittenAndReadAsRfc8972DrawsIt) {
  const FollowUpTelemetry telemetry{.sequence = 0x01020304,
                                    .timestamp = {0x1112131415161718U},
                                    .method = FollowUpTelemetry::Method::kSoftware};
  Octets value(16, 0xee);
  telemetry.encode(value);
  EXPECT_EQ(value, octets("01020304 1112131415161718 02 000000"));
  EXPECT_EQ(FollowUpTelemetry::parse(value), telemetry);
}

TEST(ReflectedPacketControlTest, IsWrittenAndReadAsRfc10052DrawsIt) {
  Octets value(12, 0xee);
  ReflectedPacketControl{.reply_size = 1500, .reply_count = 2, .interval_ns = 3}.encode(value);
  EXPECT_EQ(value, octets("05dc 0002 00000003 00000000"));
  const auto control = ReflectedPacketControl::parse(value);
  EXPECT_EQ(control.reply_size, 1500);
  EXPECT_EQ(control.reply_count, 2);
  EXPECT_EQ(control.interval_ns, 3U);
  EXPECT_FALSE(control.has_sub_tlvs);
  value[9] = 10;
  EXPECT_TRUE(ReflectedPacketControl::parse(value).has_sub_tlvs);
}

TEST(TlvWriterTest, WritesWhatIsRead) {
  const Key key = test_key();
  Octets packet = kSignedBase + zeros(200);
  TlvWriter writer(packet, kAuthenticatedSize);
  FollowUpTelemetry{}.encode(writer.append(7, kUnrecognized, 16));
  EXPECT_EQ(Octets(packet.begin() + 112, packet.begin() + 132), kFollowUp);
  writer.append_padding(kUnrecognized, 100);
  writer.append_hmac(kUnrecognized, key, kAuthenticatedSize);
  const TlvList list = read_tlvs(Bytes(packet).first(writer.size()), &key);
  EXPECT_EQ(list.tlvs.size(), 3U);
  EXPECT_EQ(list.integrity, Integrity::kVerified);
  // Padding is noise: no octet fills a tenth of it.
  const Bytes padding = list.tlvs[1].value;
  EXPECT_EQ(padding.size(), 96U);
  for (unsigned octet = 0; octet < 256; ++octet) {
    EXPECT_LT(std::count(padding.begin(), padding.end(), octet), 10);
  }
}

}  // namespace
}  // namespace meshcheck::stamp
