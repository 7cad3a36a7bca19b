// Bytes as hexadecimal digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshcheck {

std::string to_hex(std::string_view bytes);  // In lower case, as all here.
std::string to_hex(std::uint64_t word);      // 16 digits.
// Takes either case; nothing if `text` is not pairs of hexadecimal digits.
std::optional<std::string> from_hex(std::string_view text);

}  // namespace meshcheck
