#include "lib/base/time.h"

#include <cassert>
#include <cctype>
#include <optional>

namespace meshcheck {
namespace {

// ".444961774" or, for a whole second, nothing.
std::string format_fraction(std::string_view digits) {
  digits = digits.substr(0, 9);
  const auto last = digits.find_last_not_of('0');
  return last == std::string_view::npos ? "" : "." + std::string(digits.substr(0, last + 1));
}

// The last `count` decimal digits.
void append_digits(std::string& text, std::int64_t number, std::size_t count) {
  text.append(count, '0');
  for (std::size_t at = text.size(); count > 0; --count, number /= 10) {
    text[--at] = static_cast<char>('0' + number % 10);
  }
}

// Reads `count` digits at `position` and moves it past them; nothing if they are not all there.
std::optional<int> take_number(std::string_view text, std::size_t& position, std::size_t count) {
  if (text.size() < position + count) return std::nullopt;
  int number = 0;
  for (std::size_t end = position + count; position < end; ++position) {
    if (std::isdigit(static_cast<unsigned char>(text[position])) == 0) return std::nullopt;
    number = number * 10 + (text[position] - '0');
  }
  return number;
}

bool take(std::string_view text, std::size_t& position, char wanted) {
  if (position >= text.size() || text[position] != wanted) return false;
  ++position;
  return true;
}

bool take_date_and_time(std::string_view text, std::size_t& at) {
  const auto year = take_number(text, at, 4);
  if (!year || !take(text, at, '-')) return false;
  const auto month = take_number(text, at, 2);
  if (!month || !take(text, at, '-')) return false;
  const auto day = take_number(text, at, 2);
  if (!day || !take(text, at, 'T')) return false;
  const auto hour = take_number(text, at, 2);
  if (!hour || !take(text, at, ':')) return false;
  const auto minute = take_number(text, at, 2);
  if (!minute || !take(text, at, ':')) return false;
  const auto second = take_number(text, at, 2);
  if (!second) return false;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  return date.ok() && *hour < 24 && *minute < 60 && *second < 60;
}

bool take_offset(std::string_view text, std::size_t& at) {
  if (take(text, at, 'Z')) return true;
  if (!take(text, at, '+') && !take(text, at, '-')) return false;
  const auto hours = take_number(text, at, 2);
  if (!hours || *hours > 24 || !take(text, at, ':')) return false;
  const auto minutes = take_number(text, at, 2);
  return minutes && *minutes < 60;
}

}  // namespace

Now now() {
  return {.wall = WallClock::now(), .steady = Clock::now()};
}

std::string time_text(Clock::time_point time, Now now) {
  const WallTime wall = now.wall - (now.steady - time);
  return format_rfc3339(std::chrono::floor<std::chrono::milliseconds>(wall));
}

std::string format_rfc3339(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text;
  text.reserve(sizeof "2026-11-21T01:32:23.444961774Z");
  append_digits(text, static_cast<int>(date.year()), 4);
  append_digits(text += '-', static_cast<unsigned>(date.month()), 2);
  append_digits(text += '-', static_cast<unsigned>(date.day()), 2);
  append_digits(text += 'T', clock.hours().count(), 2);
  append_digits(text += ':', clock.minutes().count(), 2);
  append_digits(text += ':', clock.seconds().count(), 2);
  if (clock.subseconds().count() != 0) {
    append_digits(text += '.', clock.subseconds().count(), 9);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text += 'Z';
}

Result<WallTime> parse_wall_time(std::string_view text) {
  const auto canonical = Rfc3339::parse(text);
  if (!canonical) return canonical.error();
  const std::string_view time = canonical->text();
  const auto number = [&](std::size_t at, std::size_t count) {
    return take_number(time, at, count).value_or(0);
  };
  const std::chrono::year year(number(0, 4));
  if (year < std::chrono::year(1678) || year > std::chrono::year(2261)) {
    return Error("year " + std::string(time.substr(0, 4)) + " is out of range");
  }
  const std::chrono::year_month_day date(year,
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2))));
  WallTime result = std::chrono::sys_days(date);
  result += std::chrono::hours(number(11, 2)) + std::chrono::minutes(number(14, 2)) +
            std::chrono::seconds(number(17, 2));
  std::size_t at = 19;
  if (take(time, at, '.')) {
    for (std::int64_t unit = 100'000'000; const auto digit = take_number(time, at, 1); unit /= 10) {
      result += std::chrono::nanoseconds(*digit * unit);
    }
  }
  if (time[at] == 'Z') return result;
  const auto offset =
      std::chrono::hours(number(at + 1, 2)) + std::chrono::minutes(number(at + 4, 2));
  return time[at] == '+' ? result - offset : result + offset;
}

Result<Rfc3339> Rfc3339::parse(std::string_view text) {
  const Error error("not an RFC 3339 time such as 2026-11-21T01:32:23.4Z");
  std::size_t at = 0;
  if (!take_date_and_time(text, at)) return error;
  std::string canonical(text.substr(0, at));
  if (take(text, at, '.')) {
    const std::size_t begin = at;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) ++at;
    if (at == begin) return error;
    canonical += format_fraction(text.substr(begin, at - begin));
  }
  const std::size_t offset = at;
  if (!take_offset(text, at) || at != text.size()) return error;
  const std::string_view zone = text.substr(offset);
  canonical += zone == "+00:00" || zone == "-00:00" ? "Z" : zone;
  Rfc3339 result;
  result.text_ = std::move(canonical);
  return result;
}

}  // namespace meshcheck
