// Integers in network byte order inside a STAMP packet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace meshcheck::stamp {

using Bytes = std::span<const std::uint8_t>;
using WritableBytes = std::span<std::uint8_t>;

// REQUIRES: `at` and the integer's size lie within `bytes`. Callers check the length of the packet
// once, so these functions do not.
template <typename Integer>
Integer get(Bytes bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) value = value << 8 | bytes[at + i];
  return static_cast<Integer>(value);
}

template <typename Integer>
void put(WritableBytes bytes, std::size_t at, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    const auto shift = 8 * (sizeof(Integer) - 1 - i);
    bytes[at + i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> shift);
  }
}

}  // namespace meshcheck::stamp
