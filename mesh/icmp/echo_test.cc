#include "mesh/icmp/echo.h"

#include <gtest/gtest.h>

#include <vector>

namespace meshcheck::icmp {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr std::uint64_t kNonce = 0x1122334455667788;
constexpr Echo kEcho{.identifier = 0xabcd, .number = 7, .path = 0x01020304, .sequence = 0x99};

Octets request(Family family, std::size_t payload = kPayloadSizeMin) {
  Octets message(kHeaderSize + payload, 0xff);
  encode_request(family, kEcho, kNonce, message);
  return message;
}

// What a host makes of a request.
Octets reply(Family family, std::size_t payload = kPayloadSizeMin) {
  Octets message = request(family, payload);
  message[0] = family == Family::kIpv4 ? 0 : 129;
  message[2] = message[3] = 0;
  if (family == Family::kIpv4) stamp::put<std::uint16_t>(message, 2, checksum(message));
  return message;
}

TEST(EchoTest, IsLaidOutAsTheRfcSays) {
  const Octets expected = {8,    0,    0x63, 0x70, 0xab, 0xcd, 0,    7,      // The header
                           0x6d, 0x63, 0x65, 0x63,                           // Magic
                           0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,   // Nonce
                           1,    2,    3,    4,                              // Path
                           0,    0,    0,    0,    0,    0,    0,    0x99};  // Sequence
  EXPECT_EQ(request(Family::kIpv4), expected);
}

TEST(EchoTest, LeavesAnIpv6ChecksumToTheKernel) {
  const Octets message = request(Family::kIpv6);
  EXPECT_EQ(message[0], 128);
  EXPECT_EQ(message[2], 0);
  EXPECT_EQ(message[3], 0);
}

TEST(EchoTest, ComesBackAsItWentOut) {
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    for (const std::size_t payload : {kPayloadSizeMin, std::size_t{57}, kPayloadSizeMax}) {
      const auto echo = parse_reply(family, reply(family, payload), kNonce);
      ASSERT_TRUE(echo) << echo.error().message();
      EXPECT_EQ(*echo, kEcho);
    }
  }
}

TEST(EchoTest, RefusesWhatIsNoReplyToThisSession) {
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    EXPECT_EQ(parse_reply(family, request(family), kNonce).error().message(), "not an echo reply");
    EXPECT_EQ(parse_reply(family, reply(family), kNonce + 1).error().message(),
              "an echo of somebody else");
    const Octets whole = reply(family);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(parse_reply(family, Bytes(whole).first(size), kNonce)) << size;
    }
  }
}

TEST(EchoTest, RefusesAChangedIpv4Message) {
  Octets message = reply(Family::kIpv4, 100);
  message.back() ^= 1;
  EXPECT_EQ(parse_reply(Family::kIpv4, message, kNonce).error().message(), "wrong checksum");
}

TEST(EchoTest, IsKnownAgainInAQuoteHoweverShort) {
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    const Octets whole = request(family);
    for (std::size_t size = kHeaderSize; size <= whole.size(); ++size) {
      const auto quote = parse_quote(family, Bytes(whole).first(size), kNonce);
      ASSERT_TRUE(quote) << size;
      EXPECT_EQ(quote->identifier, kEcho.identifier);
      EXPECT_EQ(quote->number, kEcho.number);
    }
    EXPECT_FALSE(parse_quote(family, Bytes(whole).first(7), kNonce));
    EXPECT_FALSE(parse_quote(family, whole, kNonce + 1));
    EXPECT_FALSE(parse_quote(family, reply(family), kNonce));
  }
}

TEST(EchoTest, HasTheChecksumOfRfc1071) {
  // The example of its section 3: the sum of these is ddf2.
  const Octets example = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(checksum(example), static_cast<std::uint16_t>(~0xddf2));
  EXPECT_EQ(checksum(Octets{0x12}), static_cast<std::uint16_t>(~0x1200));
  EXPECT_EQ(checksum({}), 0xffff);
}

TEST(IcmpErrorTest, SaysWhatItMeans) {
  EXPECT_EQ(error_text(Family::kIpv4, 3, 1), "host unreachable");
  EXPECT_EQ(error_text(Family::kIpv4, 3, 13), "administratively prohibited");
  EXPECT_EQ(error_text(Family::kIpv6, 1, 3), "address unreachable");
  EXPECT_EQ(error_text(Family::kIpv6, 2, 0), "packet too big");
  EXPECT_EQ(error_text(Family::kIpv4, 12, 2), "ICMP error of type 12, code 2");
}

}  // namespace
}  // namespace meshcheck::icmp
