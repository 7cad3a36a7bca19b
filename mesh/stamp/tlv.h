// The optional part of STAMP packets: TLVs (RFC 8972 section 4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "mesh/stamp/packet.h"

namespace meshcheck::stamp {

inline constexpr std::size_t kTlvHeaderSize = 4;  // Flags, type, length of the value.
// More are not looked at: the next one counts as malformed, which ends the list.
inline constexpr std::size_t kTlvsMax = 16;
inline constexpr std::size_t kAddressTokenSize = 8;

enum class TlvType : std::uint8_t {
  kExtraPadding = 1,
  kFollowUpTelemetry = 7,
  kHmac = 8,
  kReflectedPacketControl = 12,  // RFC 10052, which was draft-ietf-ippm-asymmetrical-pkts.
  // Ours, of the types for private use (RFC 8972 section 5.1), without a value: the size in
  // kReflectedPacketControl is exact. RFC 10052 rounds it up to a multiple of four.
  kExactReplySize = 252,
  // Ours too, 8 octets: with it a sender proves that it receives packets at its address, as in QUIC
  // (RFC 9000 section 8.1). Zero in a request whose sender has none yet; every reply has it.
  kAddressToken = 253,
};
bool is_known(std::uint8_t type);

// A sender sets kUnrecognized alone; a reflector sets the flags of its findings.
inline constexpr std::uint8_t kUnrecognized = 0x80;
inline constexpr std::uint8_t kMalformed = 0x40;
inline constexpr std::uint8_t kIntegrityFailed = 0x20;
inline constexpr std::uint8_t kNotConformant = 0x10;  // "C": the reply differs from the request.

// Points into a packet.
struct Tlv {
  std::uint8_t flags = 0;
  std::uint8_t type = 0;
  std::size_t at = 0;  // Of the header, in the packet.
  Bytes value;

  bool is(TlvType wanted) const { return type == static_cast<std::uint8_t>(wanted); }
  std::size_t end() const { return at + kTlvHeaderSize + value.size(); }
};

// The TLVs behind the fixed part of one packet.
struct TlvList {
  enum class Integrity : std::uint8_t {
    kUnprotected,  // No HMAC TLV, and none was needed.
    kVerified,
    kFailed,  // Wrong, in the wrong place, without our having a key, or missing.
  };

  std::vector<Tlv> tlvs;  // At most kTlvsMax, each well formed.
  // Where the first malformed TLV begins; nothing was read from there on. Malformed: a length
  // beyond the packet or wrong for its type, less than a header, or one TLV too many.
  std::optional<std::size_t> malformed_at;
  Integrity integrity = Integrity::kUnprotected;

  // Values may be used.
  bool trusted() const { return !malformed_at && integrity != Integrity::kFailed; }
  const Tlv* find(TlvType type) const;
};

// REQUIRES: `packet` is at least base_size(key) long. The HMAC TLV is checked as RFC 8972 section
// 4.8 says: over the sequence number and all TLVs before it; only Extra Padding may follow; in
// authenticated mode every packet with TLVs needs one, unless its only TLV is Extra Padding.
TlvList read_tlvs(Bytes packet, const Key* key);

// Section 4.7. All zero in a request, and in a reply if there is nothing to tell.
struct FollowUpTelemetry {
  static constexpr std::size_t kValueSize = 16;

  // "Timestamping methods" of section 4.3.
  enum class Method : std::uint8_t { kNone = 0, kHardware = 1, kSoftware = 2, kControlPlane = 3 };

  std::uint32_t sequence = 0;  // The reflector's, of the reply before this one.
  Timestamp timestamp;         // When that reply really left, in this packet's format.
  Method method = Method::kNone;

  static FollowUpTelemetry parse(Bytes value);  // REQUIRES: kValueSize octets.
  void encode(WritableBytes value) const;
  friend bool operator==(const FollowUpTelemetry&, const FollowUpTelemetry&) = default;
};

// RFC 10052 section 3: how the reply shall differ from the request.
struct ReflectedPacketControl {
  static constexpr std::size_t kValueSizeMin = 12;  // With one empty sub-TLV, as the RFC demands.

  std::uint16_t reply_size = 0;  // Octets of UDP payload.
  std::uint16_t reply_count = 1;
  std::uint32_t interval_ns = 0;  // Between several replies.
  bool has_sub_tlvs = false;      // Others than the empty one: address groups, which we lack.

  static ReflectedPacketControl parse(Bytes value);  // REQUIRES: kValueSizeMin octets or more.
  void encode(WritableBytes value) const;            // Without sub-TLVs.
};

// Appends TLVs to a packet whose fixed part is written.
class TlvWriter {
 public:
  TlvWriter(WritableBytes packet, std::size_t base) : packet_(packet), size_(base) {}

  // The value, for the caller to fill. REQUIRES: it fits into the packet and into 16 bits.
  WritableBytes append(std::uint8_t type, std::uint8_t flags, std::size_t value_size);
  // Extra Padding of `size` octets with its header, pseudorandom so that no link compresses it.
  void append_padding(std::uint8_t flags, std::size_t size);
  void append_hmac(std::uint8_t flags, const Key& key, std::size_t base);
  void append_raw(Bytes bytes);

  std::size_t size() const { return size_; }

 private:
  WritableBytes packet_;
  std::size_t size_;
};

}  // namespace meshcheck::stamp
