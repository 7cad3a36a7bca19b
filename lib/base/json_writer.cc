#include "lib/base/json_writer.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace meshcheck {

void append_json_key(std::string& out, std::string_view key) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += key;
  out += "\":";
}

void append_json_member(std::string& out, std::string_view key, std::string_view text) {
  append_json_key(out, key);
  append_json_string(out, text);
}

void append_json_number(std::string& out, std::string_view key, std::uint64_t number) {
  append_json_key(out, key);
  out += std::to_string(number);
}

void append_json_flag(std::string& out, std::string_view key, std::optional<bool> flag) {
  if (!flag) return;
  append_json_key(out, key);
  out += *flag ? "true" : "false";
}

void append_json_milliseconds(std::string& out, std::string_view key,
                              std::chrono::microseconds time) {
  const auto count = std::max<std::int64_t>(time.count(), 0);
  const std::string decimals = std::to_string(1000 + count % 1000);
  append_json_key(out, key);
  out += std::to_string(count / 1000) + "." + decimals.substr(1);
}

void append_json_number(std::string& out, double number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number,
                                 std::chars_format::general, 6)
                       .ptr;
  out.append(digits.data(), end);
}

}  // namespace meshcheck
