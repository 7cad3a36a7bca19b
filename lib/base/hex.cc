#include "lib/base/hex.h"

#include <charconv>

namespace meshcheck {

std::string to_hex(std::string_view octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char octet : octets) {
    const auto value = static_cast<unsigned char>(octet);
    text += kDigits[value >> 4U];
    text += kDigits[value & 0xfU];
  }
  return text;
}

std::string to_hex(std::uint64_t word) {
  std::string octets;
  for (int shift = 56; shift >= 0; shift -= 8) octets += static_cast<char>(word >> shift);
  return to_hex(octets);
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string octets;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned char octet = 0;
    const char* const end = text.data() + i + 2;
    const auto read = std::from_chars(text.data() + i, end, octet, 16);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    octets += static_cast<char>(octet);
  }
  return octets;
}

}  // namespace meshcheck
