// The fixed part of STAMP packets, both directions and both modes; doc/internals/stamp.md has the
// tables.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/result.h"
#include "mesh/stamp/hmac.h"
#include "mesh/stamp/timestamp.h"
#include "mesh/stamp/wire.h"

namespace meshcheck::stamp {

inline constexpr std::size_t kUnauthenticatedSize = 44;
inline constexpr std::size_t kAuthenticatedSize = 112;
inline constexpr std::size_t kSequenceSize = 4;  // The first field of every packet.

// Where TLVs begin. Everywhere in this folder a key means authenticated mode and no key
// unauthenticated mode. A session's mode is agreed beforehand; packets do not carry it.
inline std::size_t base_size(const Key* key) {
  return key != nullptr ? kAuthenticatedSize : kUnauthenticatedSize;
}

// RFC 8762 section 4.2, with the session identifier of RFC 8972 section 3.
struct SenderPacket {
  std::uint32_t sequence = 0;
  Timestamp timestamp;
  ErrorEstimate error;
  std::uint16_t ssid = 0;  // Zero: the session has none.

  friend bool operator==(const SenderPacket&, const SenderPacket&) = default;
};

// RFC 8762 section 4.3. `error` covers both timestamps of the reflector.
struct ReflectorPacket {
  std::uint32_t sequence = 0;
  Timestamp timestamp;  // When this packet was about to leave.
  ErrorEstimate error;
  std::uint16_t ssid = 0;
  Timestamp receive_timestamp;
  std::uint32_t sender_sequence = 0;
  Timestamp sender_timestamp;
  ErrorEstimate sender_error;
  std::uint8_t sender_ttl = 0;  // TTL or hop limit with which the sender's packet arrived.

  friend bool operator==(const ReflectorPacket&, const ReflectorPacket&) = default;
};

// Write base_size(key) octets, the reserved ones zero, and sign them if there is a key.
// REQUIRES: `out` is at least that long.
void encode(const SenderPacket& packet, const Key* key, WritableBytes out);
void encode(const ReflectorPacket& packet, const Key* key, WritableBytes out);

// Read the first base_size(key) octets; TLVs follow. Reserved octets may hold anything. An error
// says how short the packet is or that its HMAC is wrong; then no field was looked at.
Result<SenderPacket> parse_sender_packet(Bytes packet, const Key* key);
Result<ReflectorPacket> parse_reflector_packet(Bytes packet, const Key* key);

// Whether a packet is laid out as a reply: with a Receive Timestamp, and zeros where a reply has
// reserved octets. A request has zeros for the former (RFC 8762 section 4.2), and the padding of
// a TWAMP sender, which begins there, is not zero in so many other places. In authenticated mode
// the HMAC covers both, so a recorded reply cannot be made to look like a request.
// REQUIRES: the packet is at least base_size(key) long.
bool is_reply(Bytes packet, const Key* key);

}  // namespace meshcheck::stamp
