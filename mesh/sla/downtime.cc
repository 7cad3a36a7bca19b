#include "mesh/sla/downtime.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "lib/base/time.h"

namespace meshcheck::sla {
namespace {

constexpr std::array<std::string_view, 4> kTypes = {
    "Accident", "Maintenance", "InfrastructureMaintenance", "InfrastructureAccident"};

}  // namespace

std::string_view text(DowntimeType type) {
  return kTypes.at(static_cast<std::size_t>(type));
}

std::optional<DowntimeType> downtime_type_of(std::string_view text) {
  const auto* found = std::ranges::find(kTypes, text);
  if (found == kTypes.end()) return std::nullopt;
  return static_cast<DowntimeType>(found - kTypes.begin());
}

bool Downtime::affects(const ProbeRef& ref) const {
  if (affected.empty()) return true;
  return std::ranges::any_of(affected, [&](const std::string& subject) {
    return subject == ref.group || subject == ref.text();
  });
}

Result<Seconds> parse_date(std::string_view text) {
  std::int64_t seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, seconds);
  // Up to the year 9999, as RFC 3339.
  constexpr std::int64_t kSecondsMax = 253'402'300'799;
  if (problem == std::errc() && rest == end && seconds >= 0 && seconds <= kSecondsMax) {
    return Seconds(std::chrono::seconds(seconds));
  }
  const auto time = parse_wall_time(text);
  if (!time) return Error("neither RFC 3339 (2026-01-31T12:00:00Z) nor seconds since 1970");
  // What is written as a date is kept as a number, and has to be read again as one.
  if (*time < WallTime()) return Error("before 1970");
  return std::chrono::floor<std::chrono::seconds>(*time);
}

}  // namespace meshcheck::sla
