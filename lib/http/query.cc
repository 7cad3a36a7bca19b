#include "lib/http/query.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "lib/base/duration.h"

namespace meshcheck::http {
namespace {

using Words = std::span<const std::string_view>;

std::string list(Words words) {
  std::string joined;
  for (const std::string_view word : words) {
    if (!joined.empty()) joined += ", ";
    joined += word;
  }
  return joined;
}

template <typename Number>
std::string number_text(Number number) {
  std::array<char, 32> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr};
}

}  // namespace

Result<void> check_query_keys(const Request& request, Words known) {
  std::string_view rest = request.query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::string_view key = pair.substr(0, pair.find('='));
    if (std::ranges::find(known, key) != known.end()) continue;
    if (known.empty()) return Error("unknown key in the query; none is allowed");
    return Error("unknown key in the query; allowed are " + list(known));
  }
  return {};
}

Result<std::optional<std::size_t>> query_choice(const Request& request, std::string_view key,
                                                Words words) {
  const std::string wanted = request.query_value(key);
  if (wanted.empty()) return std::optional<std::size_t>();
  const auto found = std::ranges::find(words, wanted);
  if (found == words.end()) {
    return Error("unknown value; allowed are " + list(words)).within(key);
  }
  return std::optional(static_cast<std::size_t>(found - words.begin()));
}

template <typename Number>
Result<std::optional<Number>> query_number(const Request& request, std::string_view key, Number min,
                                           Number max) {
  const std::string text = request.query_value(key);
  if (text.empty()) return std::optional<Number>();
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  // In this form "nan" is out of range.
  const bool within = number >= min && number <= max;
  if (error == std::errc() && stopped == end && within) return std::optional(number);
  return Error("a number from " + number_text(min) + " to " + number_text(max) + " is expected")
      .within(key);
}

template Result<std::optional<std::size_t>> query_number(const Request&, std::string_view,
                                                         std::size_t, std::size_t);
template Result<std::optional<double>> query_number(const Request&, std::string_view, double,
                                                    double);

Result<std::optional<WallTime>> query_time(const Request& request, std::string_view key,
                                           WallTime now) {
  const std::string text = request.query_value(key);
  if (text.empty()) return std::optional<WallTime>();
  const auto age = parse_duration(text, {.min = {}, .max = kQueryAgeMax});
  if (age) return std::optional(WallTime(now - *age));
  const auto time = parse_wall_time(text);
  if (time) return std::optional(*time);
  return Error(
             "a time as 2026-11-21T12:00:00Z or an age as 90s, 30m, 6h or 7d (a year at most) is "
             "expected")
      .within(key);
}

std::optional<std::uint64_t> parameter_number(const Request& request) {
  const std::string_view text = request.parameter;
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::to_string(number) == text ? std::optional(number) : std::nullopt;
}

}  // namespace meshcheck::http
