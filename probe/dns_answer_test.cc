#include "probe/dns_answer.h"

#include <gtest/gtest.h>

#include "lib/testing/dns_server.h"

namespace meshcheck::probe {
namespace {

using Family = IpAddress::Family;

// A question for x.example, type 1 or 28.
std::string question(int type) {
  std::string message("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  message += std::string("\x01x\x07", 3) + "example" + std::string("\0\0", 2);
  message += static_cast<char>(type);
  return message + std::string("\0\x01", 2);
}

DnsRecords parse(Family family, const std::string& message) {
  return parse_dns_answer(family,
                          {reinterpret_cast<const std::uint8_t*>(message.data()), message.size()});
}

std::string answer(int type, int rcode, const std::vector<IpAddress>& addresses = {}) {
  const std::string asked = question(type);
  return dns_answer(read_question(asked), rcode, addresses);
}

const IpAddress kIpv4 = *IpAddress::parse("192.0.2.1");
const IpAddress kIpv6 = *IpAddress::parse("2001:db8::1");

TEST(DnsAnswerTest, HasTheAddressesOfTheFamilyThatWasAskedFor) {
  const auto ipv4 =
      parse(Family::kIpv4, answer(kTypeA, 0, {kIpv4, *IpAddress::parse("192.0.2.2")}));
  EXPECT_EQ(ipv4.status, DnsStatus::kAnswered);
  ASSERT_EQ(ipv4.addresses.size(), 2U);
  EXPECT_EQ(ipv4.addresses[0], kIpv4);
  const auto ipv6 = parse(Family::kIpv6, answer(kTypeAaaa, 0, {kIpv6}));
  EXPECT_EQ(ipv6.status, DnsStatus::kAnswered);
  EXPECT_EQ(ipv6.addresses, std::vector{kIpv6});
  EXPECT_EQ(parse(Family::kIpv6, answer(kTypeAaaa, 0, {kIpv4})).status, DnsStatus::kNoAddress);
}

TEST(DnsAnswerTest, SaysWhyThereIsNone) {
  EXPECT_EQ(text(parse(Family::kIpv4, answer(kTypeA, 0)).status), "no address of that name");
  EXPECT_EQ(text(parse(Family::kIpv4, answer(kTypeA, 1)).status), "format error");
  EXPECT_EQ(text(parse(Family::kIpv4, answer(kTypeA, 2)).status), "server failure");
  EXPECT_EQ(text(parse(Family::kIpv4, answer(kTypeA, 3)).status), "no such name");
  EXPECT_EQ(text(parse(Family::kIpv4, answer(kTypeA, 5)).status), "refused by the server");
  // The code counts, whatever records there are.
  EXPECT_EQ(parse(Family::kIpv4, answer(kTypeA, 3, {kIpv4})).status, DnsStatus::kNoName);
}

TEST(DnsAnswerTest, IsMalformedWhereverItIsCut) {
  const std::string whole = answer(kTypeA, 0, {kIpv4});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(parse(Family::kIpv4, whole.substr(0, size)).status, DnsStatus::kMalformed) << size;
  }
  EXPECT_EQ(parse(Family::kIpv4, std::string(66'000, '\0')).status, DnsStatus::kMalformed);
}

TEST(DnsAnswerTest, KeepsABoundedNumberOfAddresses) {
  const std::vector<IpAddress> many(kDnsAddressesMax + 10, kIpv4);
  EXPECT_EQ(parse(Family::kIpv4, answer(kTypeA, 0, many)).addresses.size(), kDnsAddressesMax);
}

}  // namespace
}  // namespace meshcheck::probe
