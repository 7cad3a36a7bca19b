// Text that several folders write, compare or cut: JSON strings, names in any letter case, blanks.
#pragma once

#include <string>
#include <string_view>

namespace meshcheck {

// Appends `text` in quotes as Go's encoding/json does, since netchecker's users compare bytes. `<`,
// `>`, `&`, control characters, U+2028 and U+2029 are written as \uXXXX, except \n, \r and \t;
// bytes that are not UTF-8 become \ufffd.
void append_json_string(std::string& out, std::string_view text);

// For the names of protocols and keys, which are ASCII: no locale, no call a byte.
constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
bool equals_ignoring_case(std::string_view a, std::string_view b);

// Whether the character turns the order of the text beside it round (Unicode's bidirectional
// controls), so that it reads as what it is not.
constexpr bool turns_direction(char32_t character) {
  return character == 0x61C || character == 0x200E || character == 0x200F ||
         (character >= 0x202A && character <= 0x202E) ||
         (character >= 0x2066 && character <= 0x2069);
}

// Without the spaces, tabs and ends of lines around it.
std::string_view trim(std::string_view text);

}  // namespace meshcheck
