#include "mesh/stamp/tlv.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "mesh/stamp/packet.h"

namespace meshcheck::stamp {
namespace {

// "The Length field value is not valid for the particular type" (RFC 8972 section 4).
bool has_valid_length(const Tlv& tlv) {
  if (tlv.is(TlvType::kFollowUpTelemetry)) {
    return tlv.value.size() == FollowUpTelemetry::kValueSize;
  }
  if (tlv.is(TlvType::kHmac)) return tlv.value.size() == kHmacSize;
  if (tlv.is(TlvType::kReflectedPacketControl)) {
    return tlv.value.size() >= ReflectedPacketControl::kValueSizeMin;
  }
  if (tlv.is(TlvType::kExactReplySize)) return tlv.value.empty();
  if (tlv.is(TlvType::kAddressToken)) return tlv.value.size() == kAddressTokenSize;
  return true;
}

std::optional<Tlv> read_tlv(Bytes packet, std::size_t at) {
  const std::size_t left = packet.size() - at;
  if (left < kTlvHeaderSize) return std::nullopt;
  const std::size_t length = get<std::uint16_t>(packet, at + 2);
  if (length > left - kTlvHeaderSize) return std::nullopt;
  const Tlv tlv{.flags = packet[at],
                .type = packet[at + 1],
                .at = at,
                .value = packet.subspan(at + kTlvHeaderSize, length)};
  if (!has_valid_length(tlv)) return std::nullopt;
  return tlv;
}

TlvList::Integrity check_integrity(const std::vector<Tlv>& tlvs, Bytes packet, const Key* key) {
  using Integrity = TlvList::Integrity;
  const auto hmac =
      std::find_if(tlvs.begin(), tlvs.end(), [](const Tlv& tlv) { return tlv.is(TlvType::kHmac); });
  if (hmac == tlvs.end()) {
    const bool only_padding = tlvs.size() == 1 && tlvs.front().is(TlvType::kExtraPadding);
    return key == nullptr || tlvs.empty() || only_padding ? Integrity::kUnprotected
                                                          : Integrity::kFailed;
  }
  const bool last = std::all_of(hmac + 1, tlvs.end(),
                                [](const Tlv& tlv) { return tlv.is(TlvType::kExtraPadding); });
  if (key == nullptr || !last) return Integrity::kFailed;
  const std::size_t base = base_size(key);
  const Bytes covered = packet.subspan(base, hmac->at - base);
  return key->verify(hmac->value, packet.first(kSequenceSize), covered) ? Integrity::kVerified
                                                                        : Integrity::kFailed;
}

}  // namespace

bool is_known(std::uint8_t type) {
  switch (TlvType{type}) {
    case TlvType::kExtraPadding:
    case TlvType::kFollowUpTelemetry:
    case TlvType::kHmac:
    case TlvType::kReflectedPacketControl:
    case TlvType::kExactReplySize:
    case TlvType::kAddressToken:
      return true;
  }
  return false;
}

const Tlv* TlvList::find(TlvType type) const {
  for (const Tlv& tlv : tlvs) {
    if (tlv.is(type)) return &tlv;
  }
  return nullptr;
}

TlvList read_tlvs(Bytes packet, const Key* key) {
  TlvList list;
  std::size_t at = base_size(key);
  assert(packet.size() >= at);
  if (packet.size() > at) list.tlvs.reserve(kTlvsMax);
  while (at < packet.size()) {
    const auto tlv = list.tlvs.size() < kTlvsMax ? read_tlv(packet, at) : std::nullopt;
    if (!tlv) {
      // What an HMAC TLV further on may say is not known: nothing is trusted either way.
      list.malformed_at = at;
      return list;
    }
    list.tlvs.push_back(*tlv);
    at = tlv->end();
  }
  list.integrity = check_integrity(list.tlvs, packet, key);
  return list;
}

FollowUpTelemetry FollowUpTelemetry::parse(Bytes value) {
  assert(value.size() == kValueSize);
  return {.sequence = get<std::uint32_t>(value, 0),
          .timestamp = {get<std::uint64_t>(value, 4)},
          .method = Method{value[12]}};
}

void FollowUpTelemetry::encode(WritableBytes value) const {
  assert(value.size() == kValueSize);
  put(value, 0, sequence);
  put(value, 4, timestamp.bits);
  put(value, 12, static_cast<std::uint32_t>(method) << 24);  // And three reserved octets.
}

ReflectedPacketControl ReflectedPacketControl::parse(Bytes value) {
  assert(value.size() >= kValueSizeMin);
  const Bytes sub_tlvs = value.subspan(8);
  return {.reply_size = get<std::uint16_t>(value, 0),
          .reply_count = get<std::uint16_t>(value, 2),
          .interval_ns = get<std::uint32_t>(value, 4),
          .has_sub_tlvs = std::any_of(sub_tlvs.begin(), sub_tlvs.end(),
                                      [](std::uint8_t octet) { return octet != 0; })};
}

void ReflectedPacketControl::encode(WritableBytes value) const {
  assert(value.size() == kValueSizeMin);
  put(value, 0, reply_size);
  put(value, 2, reply_count);
  put(value, 4, interval_ns);
  put(value, 8, std::uint32_t{0});
}

WritableBytes TlvWriter::append(std::uint8_t type, std::uint8_t flags, std::size_t value_size) {
  assert(value_size <= std::numeric_limits<std::uint16_t>::max());
  assert(packet_.size() - size_ >= kTlvHeaderSize + value_size);
  const auto tlv = packet_.subspan(size_, kTlvHeaderSize + value_size);
  tlv[0] = flags;
  tlv[1] = type;
  put(tlv, 2, static_cast<std::uint16_t>(value_size));
  size_ += tlv.size();
  return tlv.subspan(kTlvHeaderSize);
}

void TlvWriter::append_padding(std::uint8_t flags, std::size_t size) {
  assert(size >= kTlvHeaderSize);
  const auto value =
      append(static_cast<std::uint8_t>(TlvType::kExtraPadding), flags, size - kTlvHeaderSize);
  // xorshift32 (Marsaglia 2003): the same octets for the same sequence number, so tests can tell.
  std::uint32_t state = get<std::uint32_t>(packet_, 0) ^ 0x9e3779b9U;
  if (state == 0) state = 1;
  for (std::uint8_t& octet : value) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    octet = static_cast<std::uint8_t>(state);
  }
}

void TlvWriter::append_hmac(std::uint8_t flags, const Key& key, std::size_t base) {
  const Hmac hmac = key.sign(packet_.first(kSequenceSize), packet_.subspan(base, size_ - base));
  const auto value = append(static_cast<std::uint8_t>(TlvType::kHmac), flags, kHmacSize);
  std::copy(hmac.begin(), hmac.end(), value.begin());
}

void TlvWriter::append_raw(Bytes bytes) {
  assert(packet_.size() - size_ >= bytes.size());
  std::copy(bytes.begin(), bytes.end(), packet_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += bytes.size();
}

}  // namespace meshcheck::stamp
