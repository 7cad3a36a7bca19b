// ICMP messages of strangers. The first octet chooses: bit 0 IPv6, bit 1 whether magic, nonce and
// checksum are put right first, without which little would get past them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "mesh/icmp/echo.h"

namespace {

using namespace meshcheck::icmp;
using meshcheck::stamp::put;
using Octets = std::vector<std::uint8_t>;

constexpr std::uint64_t kNonce = 0x0102030405060708;

void require(bool holds) {
  if (!holds) std::abort();
}

void mend(Family family, Octets& message) {
  if (message.size() < kHeaderSize + kPayloadSizeMin) return;
  Octets ours(kHeaderSize + kPayloadSizeMin);
  encode_request(family, {}, kNonce, ours);
  for (std::size_t i = kHeaderSize; i < kHeaderSize + 12; ++i) message[i] = ours[i];
  message[1] = 0;
  put<std::uint16_t>(message, 2, 0);
  put<std::uint16_t>(message, 2, checksum(message));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Family family = (data[0] & 1) != 0 ? Family::kIpv6 : Family::kIpv4;
  Octets message(data + 1, data + size);
  if ((data[0] & 2) != 0) mend(family, message);
  const auto quote = parse_quote(family, message, kNonce);
  const auto echo = parse_reply(family, message, kNonce);
  // Nothing is both.
  require(!quote || !echo);
  if (message.size() >= 2) require(!error_text(family, message[0], message[1]).empty());
  if (!echo || message.size() > kHeaderSize + kPayloadSizeMax) return 0;
  // What was heard would be sent in the same octets, as far as the type.
  Octets again(message.size());
  encode_request(family, *echo, kNonce, again);
  for (std::size_t i = 4; i < kHeaderSize + kPayloadSizeMin; ++i) require(again[i] == message[i]);
  return 0;
}
