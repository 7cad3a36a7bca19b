#include "mesh/sla/agent_id.h"

#include <array>
#include <bit>
#include <charconv>

namespace meshcheck::sla {
namespace {

constexpr std::uint32_t kSeed = 0xA5;  // upmeter's.

std::uint32_t mix(std::uint32_t block) {
  return std::rotl(block * 0xCC9E2D51U, 15) * 0x1B873593U;
}

// At most four bytes, the first of them the lowest.
std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    value = (value << 8U) | static_cast<unsigned char>(bytes[i - 1]);
  }
  return value;
}

}  // namespace

std::uint32_t murmur_hash3(std::string_view bytes, std::uint32_t seed) {
  std::uint32_t hash = seed;
  const auto size = static_cast<std::uint32_t>(bytes.size());
  while (bytes.size() >= 4) {
    hash = std::rotl(hash ^ mix(little_endian(bytes.substr(0, 4))), 13) * 5 + 0xE6546B64U;
    bytes.remove_prefix(4);
  }
  hash ^= mix(little_endian(bytes)) ^ size;
  hash = (hash ^ (hash >> 16U)) * 0x85EBCA6BU;
  hash = (hash ^ (hash >> 13U)) * 0xC2B2AE35U;
  return hash ^ (hash >> 16U);
}

std::string agent_id(std::string_view node) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                 murmur_hash3(node, kSeed), /*base=*/16);
  return {digits.data(), end.ptr};
}

}  // namespace meshcheck::sla
