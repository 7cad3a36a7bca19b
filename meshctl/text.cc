#include "meshctl/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <ctime>
#include <cwchar>

#include "lib/base/text.h"

namespace meshcheck::meshctl {
namespace {

struct Glyph {
  std::size_t bytes = 1;
  std::size_t width = 1;
  bool shown = false;
  wchar_t code = 0xfffd;  // The replacement character, of bytes that are no UTF-8.
};

Glyph glyph_at(std::string_view text) {
  std::mbstate_t state{};
  wchar_t wide = 0;
  const std::size_t bytes = std::mbrtowc(&wide, text.data(), text.size(), &state);
  if (bytes == 0) return {.code = 0};
  if (bytes > text.size()) return {};  // No UTF-8: both errors are huge.
  const int width = wcwidth(wide);
  if (width < 0 || turns_direction(static_cast<char32_t>(wide)))
    return {.bytes = bytes, .code = wide};
  return {.bytes = bytes, .width = static_cast<std::size_t>(width), .shown = true, .code = wide};
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The digits at the front, without the zeros before them; taken off.
std::string_view take_number(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Glyph glyph = glyph_at(text);
    width += glyph.width;
    text.remove_prefix(glyph.bytes);
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Glyph glyph = glyph_at(text);
    if (glyph.shown) {
      out += text.substr(0, glyph.bytes);
    } else {
      out += '?';
    }
    text.remove_prefix(glyph.bytes);
  }
  return out;
}

std::string escaped_for_terminal(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Glyph glyph = glyph_at(text);
    const char first = text.front();
    const bool end_of_line = first == '\n' || text.substr(0, 2) == "\r\n";
    if (glyph.shown || end_of_line || first == '\t') {
      out += text.substr(0, glyph.bytes);
    } else {
      std::array<char, 16> escape{};
      std::snprintf(escape.data(), escape.size(), glyph.code > 0xffff ? "\\U%08x" : "\\u%04x",
                    static_cast<unsigned>(glyph.code));
      out += escape.data();
    }
    text.remove_prefix(glyph.bytes);
  }
  return out;
}

std::string shorten(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::string out;
  std::size_t used = 1;
  while (!text.empty()) {
    const Glyph glyph = glyph_at(text);
    used += glyph.width;
    if (used > width) break;
    out += text.substr(0, glyph.bytes);
    text.remove_prefix(glyph.bytes);
  }
  return out + '~';
}

std::string age_text(std::chrono::nanoseconds age) {
  const auto seconds =
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(age).count());
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return std::to_string(seconds / 60) + " m";
  if (seconds < 86400) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86400) + " d";
}

std::string ago(std::string_view time, WallTime now) {
  const auto parsed = parse_wall_time(time);
  return parsed ? age_text(now - *parsed) + " ago" : printable(time);
}

std::string local_time(WallTime time) {
  const std::time_t seconds =
      WallClock::to_time_t(std::chrono::time_point_cast<WallClock::duration>(time));
  std::tm broken{};
  if (localtime_r(&seconds, &broken) == nullptr) return format_rfc3339(time);
  std::array<char, 64> out{};
  const std::size_t size = std::strftime(out.data(), out.size(), "%Y-%m-%d %H:%M:%S", &broken);
  return {out.data(), size};
}

bool natural_less(std::string_view a, std::string_view b) {
  const std::string_view whole_a = a;
  const std::string_view whole_b = b;
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      const std::string_view x = take_number(a);
      const std::string_view y = take_number(b);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
      continue;
    }
    if (a.front() != b.front()) return a.front() < b.front();
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  if (a.empty() != b.empty()) return a.empty();
  return whole_a < whole_b;  // 01 and 1 are two names.
}

std::string counted(std::size_t number, std::string_view noun) {
  return std::to_string(number) + ' ' + std::string(noun) + (number == 1 ? "" : "s");
}

}  // namespace meshcheck::meshctl
