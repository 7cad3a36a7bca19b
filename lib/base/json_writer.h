// JSON written into a string, where building a document first would cost too much.
#pragma once

#include <string>
#include <string_view>

namespace meshcheck {

// Appends a member with a text to the object that `out` has begun.
void append_json_member(std::string& out, std::string_view key, std::string_view value);

// Appends a number as short as it can be, with six digits at most: 0.25, 1.5e-05.
void append_json_number(std::string& out, double number);

}  // namespace meshcheck
