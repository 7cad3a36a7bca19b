#include "lib/http/query.h"

#include <algorithm>
#include <charconv>
#include <string>

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

}  // namespace meshcheck::http
