// The query behind a request's `?`: known keys and allowed values.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/http/message.h"

namespace meshcheck::http {

// Returns an error that lists `known` if the query has any other key. Were a mistyped key ignored,
// the user would get the answer to another question.
Result<void> check_query_keys(const Request& request, std::span<const std::string_view> known);

// Of a key that is given twice, the first value counts, here and below. A key that is absent or has
// no value reads as nothing. Errors name the key and its allowed values.

// The place in `words` of the key's value.
Result<std::optional<std::size_t>> query_choice(const Request& request, std::string_view key,
                                                std::span<const std::string_view> words);

// The one of `values` whose text() is the key's value.
template <typename Enum, std::size_t kSize>
Result<std::optional<Enum>> query_choice(const Request& request, std::string_view key,
                                         const std::array<Enum, kSize>& values) {
  std::array<std::string_view, kSize> words{};
  for (std::size_t i = 0; i < kSize; ++i) words[i] = text(values[i]);
  const auto place = query_choice(request, key, std::span<const std::string_view>(words));
  if (!place) return place.error();
  return *place ? std::optional(values[**place]) : std::nullopt;
}

// A number, both ends of the range included: std::size_t or double.
template <typename Number>
Result<std::optional<Number>> query_number(const Request& request, std::string_view key, Number min,
                                           Number max);

// The number that is the `{...}` segment of the path. Nothing for any other text, "007" included.
std::optional<std::uint64_t> parameter_number(const Request& request);

// The longest age that query_time() takes.
inline constexpr std::chrono::hours kQueryAgeMax{24 * 366};

// A time (RFC 3339), or an age before `now` as `90s`, `30m`, `6h` or `7d`.
Result<std::optional<WallTime>> query_time(const Request& request, std::string_view key,
                                           WallTime now);

}  // namespace meshcheck::http
