#include "lib/base/json_writer.h"

#include <array>
#include <charconv>

#include "lib/base/text.h"

namespace meshcheck {

void append_json_member(std::string& out, std::string_view key, std::string_view value) {
  out += out.back() == '{' ? "\"" : ",\"";
  out += key;
  out += "\":";
  append_json_string(out, value);
}

void append_json_number(std::string& out, double number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number,
                                 std::chars_format::general, 6)
                       .ptr;
  out.append(digits.data(), end);
}

}  // namespace meshcheck
