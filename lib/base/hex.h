// Octets as hexadecimal digits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace meshcheck {

std::string to_hex(std::string_view octets);  // In lower case.
// Either case; nothing if that is not what `text` is, in pairs of digits.
std::optional<std::string> from_hex(std::string_view text);

}  // namespace meshcheck
