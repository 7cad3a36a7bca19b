// Numbers in as few bytes as they need: 7 bits a byte, the lowest first, as protobuf's varints.
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace meshcheck {

inline constexpr unsigned kVarintBits = 28;  // Of a number; four bytes.

// REQUIRES: `value` has at most kVarintBits bits.
inline void append_varint(std::vector<std::uint8_t>& bytes, std::uint32_t value) {
  assert(value >> kVarintBits == 0);
  for (; value > 0x7f; value >>= 7U) bytes.push_back(static_cast<std::uint8_t>(value) | 0x80);
  bytes.push_back(static_cast<std::uint8_t>(value));
}

// Takes a number from the front; nothing if there is none, or one of more bytes.
inline std::optional<std::uint32_t> take_varint(std::span<const std::uint8_t>& bytes) {
  std::uint32_t value = 0;
  for (unsigned shift = 0; shift < kVarintBits && !bytes.empty(); shift += 7) {
    const std::uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    value |= (byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

}  // namespace meshcheck
