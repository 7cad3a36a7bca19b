#include "mesh/stamp/packet.h"

#include <algorithm>
#include <cassert>
#include <string>

namespace meshcheck::stamp {
namespace {

// Offsets of RFC 8762 figures 2 and 4 (sender), 5 and 6 (reflector), with the SSID of RFC 8972
// figures 1 to 4. The fields are the same in both modes; authenticated mode spreads them out.
struct Layout {
  std::size_t timestamp, error, ssid, receive_timestamp, sender_sequence, sender_timestamp,
      sender_error, sender_ttl;
};
constexpr Layout kUnauthenticated{.timestamp = 4,
                                  .error = 12,
                                  .ssid = 14,
                                  .receive_timestamp = 16,
                                  .sender_sequence = 24,
                                  .sender_timestamp = 28,
                                  .sender_error = 36,
                                  .sender_ttl = 40};
constexpr Layout kAuthenticated{.timestamp = 16,
                                .error = 24,
                                .ssid = 26,
                                .receive_timestamp = 32,
                                .sender_sequence = 48,
                                .sender_timestamp = 64,
                                .sender_error = 72,
                                .sender_ttl = 80};
constexpr std::size_t kHmacOffset = 96;
static_assert(kHmacOffset + kHmacSize == kAuthenticatedSize);

const Layout& layout_of(const Key* key) {
  return key != nullptr ? kAuthenticated : kUnauthenticated;
}

// The four fields that both directions begin with.
template <typename Packet>
void encode_head(const Packet& packet, const Key* key, WritableBytes out) {
  assert(out.size() >= base_size(key));
  std::fill_n(out.begin(), base_size(key), std::uint8_t{0});
  const Layout& at = layout_of(key);
  put(out, 0, packet.sequence);
  put(out, at.timestamp, packet.timestamp.bits);
  put(out, at.error, packet.error.bits());
  put(out, at.ssid, packet.ssid);
}

void sign(const Key* key, WritableBytes out) {
  if (key == nullptr) return;
  const Hmac hmac = key->sign(out.first(kHmacOffset));
  std::copy(hmac.begin(), hmac.end(), out.begin() + kHmacOffset);
}

Result<void> check(Bytes packet, const Key* key) {
  if (packet.size() < base_size(key)) {
    return Error("a packet of " + std::to_string(packet.size()) + " octets; " +
                 (key != nullptr ? "authenticated" : "unauthenticated") + " ones have at least " +
                 std::to_string(base_size(key)));
  }
  if (key != nullptr &&
      !key->verify(packet.subspan(kHmacOffset, kHmacSize), packet.first(kHmacOffset))) {
    return Error("the HMAC does not match: another key, or the packet was changed");
  }
  return {};
}

template <typename Packet>
Packet parse_head(Bytes packet, const Layout& at) {
  Packet parsed;
  parsed.sequence = get<std::uint32_t>(packet, 0);
  parsed.timestamp = {get<std::uint64_t>(packet, at.timestamp)};
  parsed.error = ErrorEstimate::parse(get<std::uint16_t>(packet, at.error));
  parsed.ssid = get<std::uint16_t>(packet, at.ssid);
  return parsed;
}

}  // namespace

void encode(const SenderPacket& packet, const Key* key, WritableBytes out) {
  encode_head(packet, key, out);
  sign(key, out);
}

void encode(const ReflectorPacket& packet, const Key* key, WritableBytes out) {
  encode_head(packet, key, out);
  const Layout& at = layout_of(key);
  put(out, at.receive_timestamp, packet.receive_timestamp.bits);
  put(out, at.sender_sequence, packet.sender_sequence);
  put(out, at.sender_timestamp, packet.sender_timestamp.bits);
  put(out, at.sender_error, packet.sender_error.bits());
  put(out, at.sender_ttl, packet.sender_ttl);
  sign(key, out);
}

Result<SenderPacket> parse_sender_packet(Bytes packet, const Key* key) {
  if (const auto checked = check(packet, key); !checked) return checked.error();
  return parse_head<SenderPacket>(packet, layout_of(key));
}

Result<ReflectorPacket> parse_reflector_packet(Bytes packet, const Key* key) {
  if (const auto checked = check(packet, key); !checked) return checked.error();
  const Layout& at = layout_of(key);
  auto parsed = parse_head<ReflectorPacket>(packet, at);
  parsed.receive_timestamp = {get<std::uint64_t>(packet, at.receive_timestamp)};
  parsed.sender_sequence = get<std::uint32_t>(packet, at.sender_sequence);
  parsed.sender_timestamp = {get<std::uint64_t>(packet, at.sender_timestamp)};
  parsed.sender_error = ErrorEstimate::parse(get<std::uint16_t>(packet, at.sender_error));
  parsed.sender_ttl = get<std::uint8_t>(packet, at.sender_ttl);
  return parsed;
}

bool is_reply(Bytes packet, const Key* key) {
  const Layout& at = layout_of(key);
  if (get<std::uint64_t>(packet, at.receive_timestamp) == 0) return false;
  const auto is_zero = [packet](std::size_t begin, std::size_t end) {
    const Bytes octets = packet.subspan(begin, end - begin);
    return std::all_of(octets.begin(), octets.end(), [](std::uint8_t octet) { return octet == 0; });
  };
  const std::size_t end = key != nullptr ? kHmacOffset : kUnauthenticatedSize;
  return is_zero(at.receive_timestamp + sizeof(std::uint64_t), at.sender_sequence) &&
         is_zero(at.sender_sequence + sizeof(std::uint32_t), at.sender_timestamp) &&
         is_zero(at.sender_error + sizeof(std::uint16_t), at.sender_ttl) &&
         is_zero(at.sender_ttl + sizeof(std::uint8_t), end);
}

}  // namespace meshcheck::stamp
