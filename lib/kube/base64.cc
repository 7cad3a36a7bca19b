#include "lib/kube/base64.h"

#include <cstdint>

namespace meshcheck::kube {
namespace {

// 0 to 63, or -1.
int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int bits_held = 0;
  bool padded = false;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
    if (c == '=') {
      padded = true;
      continue;
    }
    const int value = value_of(c);
    if (value < 0 || padded) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    bits_held += 6;
    if (bits_held >= 8) {
      bits_held -= 8;
      bytes += static_cast<char>((bits >> static_cast<unsigned>(bits_held)) & 0xffU);
    }
  }
  // Six bits left are half a byte that has no other half; less are padding, and 0.
  const std::uint32_t rest = bits & ((1U << static_cast<unsigned>(bits_held)) - 1U);
  if (bits_held == 6 || rest != 0) return std::nullopt;
  return bytes;
}

}  // namespace meshcheck::kube
