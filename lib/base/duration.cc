#include "lib/base/duration.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace meshcheck {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
// "ms" before "m", which it begins with.
constexpr std::array<Unit, 5> kUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"ms", 1}, {"m", 60'000}, {"s", 1000}}};
constexpr std::size_t kDigitsMax = 9;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<milliseconds> read(std::string_view text) {
  if (text == "0") return milliseconds(0);
  if (text.empty()) return std::nullopt;
  std::int64_t sum = 0;
  std::int64_t smallest = std::int64_t{1} << 62U;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    if (digits == 0 || digits > kDigitsMax) return std::nullopt;
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + digits, number);
    text.remove_prefix(digits);
    const Unit* unit = nullptr;
    for (const Unit& candidate : kUnits) {
      if (unit == nullptr && text.starts_with(candidate.name)) unit = &candidate;
    }
    if (unit == nullptr || unit->milliseconds >= smallest) return std::nullopt;
    smallest = unit->milliseconds;
    sum += number * unit->milliseconds;
    text.remove_prefix(unit->name.size());
  }
  return milliseconds(sum);
}

}  // namespace

Result<milliseconds> parse_duration(std::string_view text, DurationRange range) {
  const auto duration = read(text);
  if (duration && *duration >= range.min && *duration <= range.max) return *duration;
  return Error("a time from " + format_duration(range.min) + " to " + format_duration(range.max) +
               " is wanted, such as 200ms, 5s or 1m30s");
}

std::string format_duration(milliseconds duration) {
  if (duration == milliseconds(0)) return "0s";
  std::string text;
  std::int64_t rest = duration.count();
  if (rest < 0) {
    text = "-";
    rest = -rest;
  }
  for (const Unit& unit : {kUnits[1], kUnits[3], kUnits[4], kUnits[2]}) {
    if (rest < unit.milliseconds) continue;
    text += std::to_string(rest / unit.milliseconds).append(unit.name);
    rest %= unit.milliseconds;
  }
  return text;
}

}  // namespace meshcheck
