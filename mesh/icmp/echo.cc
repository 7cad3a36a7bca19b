#include "mesh/icmp/echo.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <string_view>

namespace meshcheck::icmp {
namespace {

using stamp::get;
using stamp::put;

constexpr std::uint32_t kMagic = 0x6d636563;  // "mcec"

// Offsets within a message.
constexpr std::size_t kChecksumAt = 2;
constexpr std::size_t kIdentifierAt = 4;
constexpr std::size_t kNumberAt = 6;
constexpr std::size_t kMagicAt = kHeaderSize;
constexpr std::size_t kNonceAt = 12;
constexpr std::size_t kPathAt = 20;
constexpr std::size_t kSequenceAt = 24;
static_assert(kSequenceAt + sizeof(std::uint64_t) == kHeaderSize + kPayloadSizeMin);

constexpr std::uint8_t request_type(Family family) {
  return family == Family::kIpv4 ? 8 : 128;
}
constexpr std::uint8_t reply_type(Family family) {
  return family == Family::kIpv4 ? 0 : 129;
}

bool is_ours(Bytes message, std::uint64_t nonce) {
  return get<std::uint32_t>(message, kMagicAt) == kMagic &&
         get<std::uint64_t>(message, kNonceAt) == nonce;
}

struct ErrorName {
  std::uint8_t type;
  std::uint8_t code;
  std::string_view text;
};

// RFC 792, RFC 1122 section 3.2.2.1 and RFC 1812 section 5.2.7.1.
constexpr std::array<ErrorName, 18> kIpv4Errors{{
    {3, 0, "network unreachable"},
    {3, 1, "host unreachable"},
    {3, 2, "protocol unreachable"},
    {3, 3, "port unreachable"},
    {3, 4, "packet too big"},
    {3, 5, "source route failed"},
    {3, 6, "network unknown"},
    {3, 7, "host unknown"},
    {3, 8, "source host isolated"},
    {3, 9, "network administratively prohibited"},
    {3, 10, "host administratively prohibited"},
    {3, 11, "network unreachable for this type of service"},
    {3, 12, "host unreachable for this type of service"},
    {3, 13, "administratively prohibited"},
    {3, 14, "host precedence violation"},
    {3, 15, "precedence cutoff in effect"},
    {11, 0, "time to live exceeded"},
    {11, 1, "fragment reassembly time exceeded"},
}};

// RFC 4443 section 3.
constexpr std::array<ErrorName, 10> kIpv6Errors{{
    {1, 0, "no route to destination"},
    {1, 1, "administratively prohibited"},
    {1, 2, "beyond scope of source address"},
    {1, 3, "address unreachable"},
    {1, 4, "port unreachable"},
    {1, 5, "source address failed policy"},
    {1, 6, "reject route to destination"},
    {2, 0, "packet too big"},
    {3, 0, "hop limit exceeded"},
    {3, 1, "fragment reassembly time exceeded"},
}};

template <std::size_t kSize>
std::string_view find(const std::array<ErrorName, kSize>& names, std::uint8_t type,
                      std::uint8_t code) {
  const auto* const found = std::find_if(names.begin(), names.end(), [&](const ErrorName& name) {
    return name.type == type && name.code == code;
  });
  return found == names.end() ? std::string_view() : found->text;
}

}  // namespace

void encode_request(Family family, const Echo& echo, std::uint64_t nonce, WritableBytes out) {
  assert(out.size() >= kHeaderSize + kPayloadSizeMin);
  assert(out.size() <= kHeaderSize + kPayloadSizeMax);
  std::fill(out.begin(), out.end(), std::uint8_t{0});
  out[0] = request_type(family);
  put(out, kIdentifierAt, echo.identifier);
  put(out, kNumberAt, echo.number);
  put(out, kMagicAt, kMagic);
  put(out, kNonceAt, nonce);
  put(out, kPathAt, echo.path);
  put(out, kSequenceAt, echo.sequence);
  if (family == Family::kIpv4) put(out, kChecksumAt, checksum(out));
}

Result<Echo> parse_reply(Family family, Bytes message, std::uint64_t nonce) {
  if (message.size() < kHeaderSize) return Error("shorter than an ICMP header");
  if (message[0] != reply_type(family) || message[1] != 0) return Error("not an echo reply");
  if (message.size() < kHeaderSize + kPayloadSizeMin) return Error("an echo of somebody else");
  if (!is_ours(message, nonce)) return Error("an echo of somebody else");
  // The kernel looks at it only after a raw socket was given the packet.
  if (family == Family::kIpv4 && checksum(message) != 0) return Error("wrong checksum");
  return Echo{.identifier = get<std::uint16_t>(message, kIdentifierAt),
              .number = get<std::uint16_t>(message, kNumberAt),
              .path = get<std::uint32_t>(message, kPathAt),
              .sequence = get<std::uint64_t>(message, kSequenceAt)};
}

Result<Quote> parse_quote(Family family, Bytes message, std::uint64_t nonce) {
  if (message.size() < kHeaderSize) return Error("shorter than an ICMP header");
  if (message[0] != request_type(family) || message[1] != 0) return Error("not an echo request");
  if (message.size() >= kPathAt && !is_ours(message, nonce)) {
    return Error("an echo of somebody else");
  }
  return Quote{.identifier = get<std::uint16_t>(message, kIdentifierAt),
               .number = get<std::uint16_t>(message, kNumberAt)};
}

std::uint16_t checksum(Bytes bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += get<std::uint16_t>(bytes, i);
  if (bytes.size() % 2 != 0) sum += static_cast<std::uint64_t>(bytes.back()) << 8U;
  while (sum > 0xffff) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

std::string error_text(Family family, std::uint8_t type, std::uint8_t code) {
  const std::string_view known =
      family == Family::kIpv4 ? find(kIpv4Errors, type, code) : find(kIpv6Errors, type, code);
  if (!known.empty()) return std::string(known);
  return "ICMP error of type " + std::to_string(type) + ", code " + std::to_string(code);
}

}  // namespace meshcheck::icmp
