#include "mesh/assignment/peer_address.h"

#include <algorithm>
#include <array>
#include <functional>

namespace meshcheck::mesh {
namespace {

using Bytes = std::span<const std::uint8_t>;

bool is_ipv4_peer(Bytes bytes) {
  constexpr std::uint8_t kMulticastFirst = 224;  // 224/4 is multicast, 240/4 reserved.
  return bytes[0] != 0 && bytes[0] < kMulticastFirst && !(bytes[0] == 169 && bytes[1] == 254);
}

bool is_ipv6_peer(Bytes bytes) {
  constexpr std::array<std::uint8_t, 16> kAmazonMetadata = {
      0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  const bool multicast = bytes[0] == 0xff;
  const bool link_local = bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
  // The unspecified address, and those that have an IPv4 address within.
  const bool embeds =
      std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t byte) { return byte == 0; });
  return !multicast && !link_local && !embeds &&
         !std::equal(bytes.begin(), bytes.end(), kAmazonMetadata.begin());
}

}  // namespace

bool may_be_peer(const IpAddress& address) {
  if (address.is_loopback()) return true;
  return address.family() == IpAddress::Family::kIpv4 ? is_ipv4_peer(address.bytes())
                                                      : is_ipv6_peer(address.bytes());
}

bool may_probe(std::span<const IpAddress> own, const IpAddress& address) {
  return may_be_peer(address) &&
         (!address.is_loopback() ||
          std::any_of(own.begin(), own.end(), std::mem_fn(&IpAddress::is_loopback)));
}

}  // namespace meshcheck::mesh
