#include "mesh/stamp/packet.h"

#include <gtest/gtest.h>

#include "mesh/stamp/test_bytes.h"

namespace meshcheck::stamp {
namespace {

// RFC 8762 figures 2, 4, 5 and 6 and RFC 8972 figures 1 to 4, field by field. The HMACs were made
// with another implementation, under a key of 32 octets 0x0b.
const Octets kSenderOpen = octets(
    "00000102"           // Sequence Number
    "ec42e880 80000000"  // Timestamp: 2025-08-10T09:44:32.5Z in NTP's format
    "8a03"               // Error Estimate: S=1 Z=0 Scale=10 Multiplier=3
    "1234"               // SSID
    "00000000 00000000 00000000 00000000 00000000 00000000 00000000");  // MBZ, 28 octets

const Octets kSenderSigned = octets(
    "00000102"                                                                 // Sequence Number
    "00000000 00000000 00000000"                                               // MBZ, 12 octets
    "ec42e880 80000000"                                                        // Timestamp
    "8a03"                                                                     // Error Estimate
    "1234"                                                                     // SSID
    "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000"  // MBZ, 68 octets
    "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000"
    "39b56303 f816ac34 a93ff65e 73156487");  // HMAC

const Octets kReflectorOpen = octets(
    "000000ff"           // Sequence Number
    "ec42e881 00000000"  // Timestamp
    "0b01"               // Error Estimate: S=0 Z=0 Scale=11 Multiplier=1
    "1234"               // SSID
    "ec42e880 c0000000"  // Receive Timestamp
    "00000102"           // Session-Sender Sequence Number
    "ec42e880 80000000"  // Session-Sender Timestamp
    "8a03"               // Session-Sender Error Estimate
    "0000"               // MBZ
    "3f"                 // Session-Sender TTL
    "000000");           // MBZ

const Octets kReflectorSigned = octets(
    "000000ff"                               // Sequence Number
    "00000000 00000000 00000000"             // MBZ, 12 octets
    "ec42e881 00000000"                      // Timestamp
    "0b01"                                   // Error Estimate
    "1234"                                   // SSID
    "00000000"                               // MBZ, 4 octets
    "ec42e880 c0000000"                      // Receive Timestamp
    "00000000 00000000"                      // MBZ, 8 octets
    "00000102"                               // Session-Sender Sequence Number
    "00000000 00000000 00000000"             // MBZ, 12 octets
    "ec42e880 80000000"                      // Session-Sender Timestamp
    "8a03"                                   // Session-Sender Error Estimate
    "000000000000"                           // MBZ, 6 octets
    "3f"                                     // Session-Sender TTL
    "000000 00000000 00000000 00000000"      // MBZ, 15 octets
    "7cd7cd50 372fbd6e c79d4909 c2ef01a7");  // HMAC

constexpr ErrorEstimate kSenderError{.synchronized = true, .scale = 10, .multiplier = 3};
constexpr SenderPacket kSender{
    .sequence = 0x102, .timestamp = {0xec42e88080000000U}, .error = kSenderError, .ssid = 0x1234};
constexpr ReflectorPacket kReflector{.sequence = 0xff,
                                     .timestamp = {0xec42e88100000000U},
                                     .error = {.scale = 11, .multiplier = 1},
                                     .ssid = 0x1234,
                                     .receive_timestamp = {0xec42e880c0000000U},
                                     .sender_sequence = 0x102,
                                     .sender_timestamp = {0xec42e88080000000U},
                                     .sender_error = kSenderError,
                                     .sender_ttl = 63};

template <typename Packet>
Octets encoded(const Packet& packet, const Key* key) {
  Octets out(base_size(key), 0xee);  // Reserved octets have to be written too.
  encode(packet, key, out);
  return out;
}

TEST(KeyTest, SignsAsTheTruncatedCaseOfRfc4231) {
  // Section 4.6: the key is 20 octets 0x0c, the output cut to 128 bits.
  const Key key = Key::from_bytes(Octets(20, 0x0c)).value();
  const std::string_view text = "Test With Truncation";
  const Octets data(text.begin(), text.end());
  const Octets expected = octets("a3b6167473100ee06e0c796c2955552b");
  for (int i = 0; i < 2; ++i) {  // A second time: the key starts over.
    const Hmac hmac = key.sign(data);
    EXPECT_EQ(Octets(hmac.begin(), hmac.end()), expected);
    EXPECT_TRUE(key.verify(expected, Bytes(data).first(4), Bytes(data).subspan(4)));
  }
}

TEST(KeyTest, RefusesSecretsOfTheWrongSize) {
  EXPECT_FALSE(Key::from_bytes(zeros(15)));
  EXPECT_FALSE(Key::from_bytes(zeros(65)));
  EXPECT_EQ(Key::from_bytes({}).error().message(), "a key of 0 octets; 16 to 64 are allowed");
  EXPECT_TRUE(Key::from_bytes(zeros(16)) && Key::from_bytes(zeros(64)));
}

TEST(PacketTest, IsWrittenAsTheRfcsDrawIt) {
  const Key key = test_key();
  EXPECT_EQ(kSenderOpen.size(), kUnauthenticatedSize);
  EXPECT_EQ(kReflectorSigned.size(), kAuthenticatedSize);
  EXPECT_EQ(encoded(kSender, nullptr), kSenderOpen);
  EXPECT_EQ(encoded(kSender, &key), kSenderSigned);
  EXPECT_EQ(encoded(kReflector, nullptr), kReflectorOpen);
  EXPECT_EQ(encoded(kReflector, &key), kReflectorSigned);
}

TEST(PacketTest, IsReadAsTheRfcsDrawIt) {
  const Key key = test_key();
  EXPECT_EQ(parse_sender_packet(kSenderOpen, nullptr).value(), kSender);
  EXPECT_EQ(parse_sender_packet(kSenderSigned, &key).value(), kSender);
  EXPECT_EQ(parse_reflector_packet(kReflectorOpen, nullptr).value(), kReflector);
  EXPECT_EQ(parse_reflector_packet(kReflectorSigned, &key).value(), kReflector);
}

TEST(PacketTest, MayHoldAnythingInReservedOctets) {
  // They were zero in kSenderOpen and kReflectorOpen; "MUST be ignored on receipt".
  Octets sender = kSenderOpen;
  for (std::size_t i = 16; i < 44; ++i) sender[i] = 0xff;
  EXPECT_EQ(parse_sender_packet(sender, nullptr).value(), kSender);
  Octets reflector = kReflectorOpen;
  for (const std::size_t i : {38U, 39U, 41U, 42U, 43U}) reflector[i] = 0xff;
  EXPECT_EQ(parse_reflector_packet(reflector, nullptr).value(), kReflector);
}

TEST(PacketTest, IsRefusedIfItIsCutAnywhere) {
  const Key key = test_key();
  for (std::size_t size = 0; size < kSenderOpen.size(); ++size) {
    EXPECT_FALSE(parse_sender_packet(Bytes(kSenderOpen).first(size), nullptr)) << size;
    EXPECT_FALSE(parse_reflector_packet(Bytes(kReflectorOpen).first(size), nullptr)) << size;
  }
  for (std::size_t size = 0; size < kSenderSigned.size(); ++size) {
    EXPECT_FALSE(parse_sender_packet(Bytes(kSenderSigned).first(size), &key)) << size;
    EXPECT_FALSE(parse_reflector_packet(Bytes(kReflectorSigned).first(size), &key)) << size;
  }
  EXPECT_EQ(parse_sender_packet(Bytes(kSenderOpen).first(43), nullptr).error().message(),
            "a packet of 43 octets; unauthenticated ones have at least 44");
  EXPECT_EQ(parse_reflector_packet(Bytes(kReflectorOpen), &key).error().message(),
            "a packet of 44 octets; authenticated ones have at least 112");
}

TEST(PacketTest, IsRefusedIfAnyBitOfASignedOneIsFlipped) {
  const Key key = test_key();
  for (std::size_t bit = 0; bit < 8 * kAuthenticatedSize; ++bit) {
    Octets sender = kSenderSigned;
    Octets reflector = kReflectorSigned;
    sender[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    reflector[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    ASSERT_FALSE(parse_sender_packet(sender, &key)) << bit;
    ASSERT_FALSE(parse_reflector_packet(reflector, &key)) << bit;
  }
}

TEST(PacketTest, IsRefusedUnderAnotherKey) {
  const Key other = test_key(0x0c);
  EXPECT_EQ(parse_sender_packet(kSenderSigned, &other).error().message(),
            "the HMAC does not match: another key, or the packet was changed");
}

}  // namespace
}  // namespace meshcheck::stamp
