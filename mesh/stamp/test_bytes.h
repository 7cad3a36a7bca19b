// For the tests of this folder: octets written as hex, so that a packet reads as a table.
#pragma once

#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/stamp/hmac.h"

namespace meshcheck::stamp {

using Octets = std::vector<std::uint8_t>;

// Blanks are skipped.
inline Octets octets(std::string_view hex) {
  Octets result;
  std::string digits;
  for (const char c : hex) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits += c;
    if (digits.size() < 2) continue;
    result.push_back(static_cast<std::uint8_t>(std::stoul(digits, nullptr, 16)));
    digits.clear();
  }
  return result;
}

inline Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Octets zeros(std::size_t count) {
  return Octets(count);
}

inline Key test_key(std::uint8_t octet = 0x0b) {
  return Key::from_bytes(Octets(32, octet)).value();
}

}  // namespace meshcheck::stamp
