#include "lib/base/text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace meshcheck {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

// Bytes that stand for themselves; everything else takes the slow path.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = true;
  for (const char special : {'"', '\\', '<', '>', '&'}) {
    plain[static_cast<unsigned char>(special)] = false;
  }
  return plain;
}();

void append_escaped(std::string& out, unsigned char byte) {
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHexDigits[byte >> 4U];
      out += kHexDigits[byte & 0xFU];
  }
}

// The length of the UTF-8 sequence at the front of `text`, 0 if it is not one (RFC 3629 section 4).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  std::size_t length = 0;
  if (first >= 0xC2 && first <= 0xDF) length = 2;
  if (first >= 0xE0 && first <= 0xEF) length = 3;
  if (first >= 0xF0 && first <= 0xF4) length = 4;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
  }
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) > 0x9F;
  const bool too_large = first == 0xF4 && byte(1) > 0x8F;
  return overlong || surrogate || too_large ? 0 : length;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (kPlain[byte]) {
      ++at;
      continue;
    }
    const std::size_t length = byte < 0x80 ? 1 : sequence_length(text.substr(at));
    const std::string_view sequence = text.substr(at, length);
    const bool line_separator = sequence == "\xE2\x80\xA8" || sequence == "\xE2\x80\xA9";
    if (byte >= 0x80 && length != 0 && !line_separator) {
      at += length;
      continue;
    }
    out += text.substr(begin, at - begin);
    if (byte < 0x80) {
      append_escaped(out, byte);
    } else if (line_separator) {
      out += sequence.back() == '\xA8' ? "\\u2028" : "\\u2029";
    } else {
      out += "\\ufffd";
    }
    at += length == 0 ? 1 : length;
    begin = at;
  }
  out += text.substr(begin);
  out += '"';
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace meshcheck
