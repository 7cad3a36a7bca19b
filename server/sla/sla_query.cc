#include "server/sla/sla_query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "lib/base/duration.h"
#include "lib/http/query.h"
#include "mesh/sla/episode.h"

namespace meshcheck::server {
namespace {

using sla::DowntimeType;
using sla::Seconds;
using std::chrono::seconds;

constexpr std::chrono::hours kHour{1};
constexpr std::chrono::hours kDay{24};
// 2200-01-01: times beyond are a mistake.
constexpr Seconds kTimeMax{seconds(7'258'118'400)};
constexpr seconds kStepMax = SlaQuery::kLengthMax;

std::vector<DowntimeType> muted_by_default() {
  return {DowntimeType::kMaintenance, DowntimeType::kInfrastructureMaintenance,
          DowntimeType::kInfrastructureAccident};
}

Result<Seconds> time_of(const http::Request& request, const char* key, Seconds otherwise) {
  const std::string text = request.query_value(key);
  if (text.empty()) return otherwise;
  auto time = sla::parse_date(text);
  if (!time) return time.error().within(key);
  if (*time > kTimeMax) return Error("from 1970 to 2199").within(key);
  return time;
}

struct Defaults {
  seconds length;
  seconds step;
};

Result<sla::Range> range_of(const http::Request& request, WallTime now, Defaults defaults) {
  const Seconds end = sla::floor_to(std::chrono::floor<seconds>(now), sla::kRollupLength);
  const auto to = time_of(request, "to", end);
  if (!to) return to.error();
  const auto from = time_of(request, "from", std::max(Seconds(), *to - defaults.length));
  if (!from) return from.error();
  if (*from > *to) return Error("from: it is later than to");
  if (*to - *from > SlaQuery::kLengthMax) return Error("from: more than ten years before to");
  seconds step = defaults.step;
  if (const std::string text = request.query_value("step"); !text.empty()) {
    const auto parsed = parse_step(text);
    if (!parsed) return Error("step: seconds, or a duration as 5m, 1h30m or 1d, are expected");
    step = *parsed;
  }
  const sla::Range range = sla::align(*from, *to, step);
  if (range.steps > SlaQuery::kStepsMax) {
    return Error("step: " + std::to_string(range.steps) + " steps; at most " +
                 std::to_string(SlaQuery::kStepsMax) + " are answered");
  }
  return range;
}

Result<std::string> name_of(const http::Request& request, const char* key) {
  std::string name = request.query_value(key);
  if (name.empty() || sla::is_name(name)) return name;
  return Error(std::string(key) + ": letters, digits, '-', '_' and '.' are expected");
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return parts;
}

// As upmeter: codes joined by '!', those unknown are ignored, none means the usual three.
std::vector<DowntimeType> muted_by_codes(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, DowntimeType>, 4> kCodes = {
      {{"Mnt", DowntimeType::kMaintenance},
       {"Acd", DowntimeType::kAccident},
       {"InfMnt", DowntimeType::kInfrastructureMaintenance},
       {"InfAcd", DowntimeType::kInfrastructureAccident}}};
  if (text == "none") return {};
  std::vector<DowntimeType> types;
  for (const std::string_view part : split(text, '!')) {
    for (const auto& [code, type] : kCodes) {
      if (part == code) types.push_back(type);
    }
  }
  return types.empty() ? muted_by_default() : types;
}

Result<std::vector<DowntimeType>> muted_by_names(std::string_view text) {
  if (text.empty()) return muted_by_default();
  std::vector<DowntimeType> types;
  if (text == "none") return types;
  for (const std::string_view part : split(text, ',')) {
    const auto type = sla::downtime_type_of(part);
    if (!type) {
      return Error(
          "mute: none, or some of Accident, Maintenance, InfrastructureMaintenance and "
          "InfrastructureAccident with commas are expected");
    }
    types.push_back(*type);
  }
  return types;
}

}  // namespace

bool SlaQuery::mutes(DowntimeType type) const {
  return std::ranges::find(mute, type) != mute.end();
}

std::optional<seconds> parse_step(std::string_view text) {
  const std::string with_unit(text);
  const bool bare = text.find_first_not_of("0123456789") == std::string_view::npos;
  const auto step =
      parse_duration(bare ? with_unit + "s" : with_unit, {.min = seconds(1), .max = kStepMax});
  if (!step || *step % seconds(1) != std::chrono::milliseconds(0)) return std::nullopt;
  return std::chrono::floor<seconds>(*step);
}

Result<SlaQuery> parse_range_query(const http::Request& request, WallTime now) {
  const auto range = range_of(request, now, {.length = 6 * kHour, .step = sla::kRollupLength});
  if (!range) return range.error();
  SlaQuery query{.range = *range};
  auto group = name_of(request, "group");
  if (!group) return group.error();
  if (group->empty()) return Error("group: it is missing");
  query.group = *std::move(group);
  auto probe = name_of(request, "probe");
  if (!probe) return probe.error();
  if (probe->empty()) return Error("probe: a name, __all__ or __total__ is expected");
  if (*probe == "__all__") {
    query.totals = false;
  } else {
    query.probe = *std::move(probe);
  }
  query.mute = muted_by_codes(request.query_value("muteDowntimeTypes"));
  return query;
}

Result<SlaQuery> parse_sla_query(const http::Request& request, WallTime now) {
  constexpr std::array<std::string_view, 8> kKeys = {"from",  "to",     "step", "group",
                                                     "probe", "target", "mute", "format"};
  constexpr std::array<std::string_view, 2> kFormats = {"json", "csv"};
  if (auto known = http::check_query_keys(request, kKeys); !known) return known.error();
  const auto range = range_of(request, now, {.length = kDay, .step = kHour});
  if (!range) return range.error();
  SlaQuery query{.range = *range};
  auto group = name_of(request, "group");
  if (!group) return group.error();
  auto probe = name_of(request, "probe");
  if (!probe) return probe.error();
  query.group = *std::move(group);
  query.probe = *std::move(probe);
  auto mute = muted_by_names(request.query_value("mute"));
  if (!mute) return mute.error();
  query.mute = *std::move(mute);
  const auto target = http::query_number(request, "target", 0.0, 1.0);
  if (!target) return target.error();
  query.target = *target;
  const auto format = http::query_choice(request, "format", std::span(kFormats));
  if (!format) return format.error();
  query.csv = *format && kFormats[**format] == "csv";
  return query;
}

}  // namespace meshcheck::server
