// ICMP and ICMPv6 echo messages (RFC 792, RFC 4443 section 4): a probe and its reply.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "lib/base/ip_address.h"
#include "lib/base/result.h"
#include "mesh/stamp/wire.h"

namespace meshcheck::icmp {

using stamp::Bytes;
using stamp::WritableBytes;
using Family = IpAddress::Family;

inline constexpr std::size_t kHeaderSize = 8;
// Magic, nonce, path and sequence; bytes beyond are padding.
inline constexpr std::size_t kPayloadSizeMin = 24;
inline constexpr std::size_t kPayloadSizeMax = 9216;  // A jumbo frame's worth.

// One probe. The header's identifier and number have 16 bits only, and the kernel replaces the
// identifier of a datagram socket; so the payload identifies the session, the path and the probe.
struct Echo {
  std::uint16_t identifier = 0;
  std::uint16_t number = 0;
  std::uint32_t path = 0;
  std::uint64_t sequence = 0;

  friend bool operator==(const Echo&, const Echo&) = default;
};

// A router's quote of a probe that it could not deliver: often the header alone.
struct Quote {
  std::uint16_t identifier = 0;
  std::uint16_t number = 0;
};

// Writes an echo request into all of `out`, zeros behind the payload. An IPv6 checksum stays 0,
// since the kernel makes it. `nonce` is the session's: random, so that no echo of another program
// or of an earlier run is taken for ours. REQUIRES: `out` holds kHeaderSize and kPayloadSizeMin to
// kPayloadSizeMax octets.
void encode_request(Family family, const Echo& echo, std::uint64_t nonce, WritableBytes out);

// Reads an echo reply, which begins with the ICMP header. An error says why it is no reply to this
// session: another type, another nonce, cut short, or a wrong IPv4 checksum.
Result<Echo> parse_reply(Family family, Bytes message, std::uint64_t nonce);

// Reads our own request as an ICMP error quotes it. An error says why it is none of this session's;
// a quote too short for the payload is judged by the header.
Result<Quote> parse_quote(Family family, Bytes message, std::uint64_t nonce);

// RFC 1071; 0 over a message that holds a right checksum.
std::uint16_t checksum(Bytes bytes);

// An ICMP error in a few words: "host unreachable", "packet too big".
std::string error_text(Family family, std::uint8_t type, std::uint8_t code);

}  // namespace meshcheck::icmp
