// JSON strings as Go's encoding/json writes them, which netchecker's users compare byte for byte.
#pragma once

#include <string>
#include <string_view>

namespace meshcheck {

// Appends `text` in quotes. `<`, `>`, `&`, control characters, U+2028 and U+2029 are written as
// \uXXXX, except \n, \r and \t; bytes that are not UTF-8 become \ufffd.
void append_json_string(std::string& out, std::string_view text);

}  // namespace meshcheck
