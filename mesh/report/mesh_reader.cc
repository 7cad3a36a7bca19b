#include "mesh/report/mesh_reader.h"

#include <algorithm>
#include <array>
#include <string>

#include "mesh/report/json_fields.h"
#include "mesh/report/name.h"

namespace meshcheck::mesh {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

constexpr std::size_t kRevisionSizeMax = 64;
constexpr std::size_t kWordSizeMax = 16;
constexpr std::size_t kReasonSizeMax = 256;
constexpr std::size_t kAddressesMax = 2;
constexpr std::size_t kColumnsMax = 64;
constexpr std::size_t kToSizeMax = 259;
constexpr std::uint64_t kPortMax = 0xffff;
constexpr std::uint64_t kMillisecondsMax = std::uint64_t{1} << 50U;

// One of the words of an enumeration whose text() names them in order.
template <typename Enum>
Result<Enum> word(const element& value, std::size_t count) {
  std::string_view word;
  if (value.get(word) == simdjson::SUCCESS) {
    for (std::size_t i = 0; i < count; ++i) {
      if (text(static_cast<Enum>(i)) == word) return static_cast<Enum>(i);
    }
  }
  return Error("an unknown word");
}

Result<void> read_addresses(const element& probing, std::vector<IpAddress>& addresses) {
  element value;
  if (probing["addresses"].get(value) != simdjson::SUCCESS) return {};
  array list;
  if (value.get(list) != simdjson::SUCCESS || list.size() > kAddressesMax) {
    return expected("addresses", "a list of at most 2");
  }
  for (const element item : list) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) return expected("addresses", "a list of texts");
    const auto address = IpAddress::parse(text);
    if (!address) return address.error().within("addresses");
    if (!addresses.empty() && addresses.front().family() == address->family()) {
      return Error("addresses: two of one family");
    }
    addresses.push_back(*address);
  }
  return {};
}

Result<void> read_totals(const element& probing, PathTotals& totals) {
  element object;
  if (probing["totals"].get(object) != simdjson::SUCCESS) return {};
  if (!object.is_object()) return expected("totals", "an object");
  for (const PathCount& count : kPathCounts) {
    if (auto done = read_field(object, count.name, totals.*count.value); !done) {
      return done.error().within("totals");
    }
  }
  return {};
}

// A histogram with other bounds than ours says nothing that we could add up: it is left out.
Result<void> read_round_trips(const element& probing, RttHistogram& histogram) {
  element object;
  if (probing["rtt"].get(object) != simdjson::SUCCESS) return {};
  array bounds;
  array counts;
  if (object["bounds_us"].get(bounds) != simdjson::SUCCESS ||
      object["counts"].get(counts) != simdjson::SUCCESS || counts.size() != bounds.size() + 1) {
    return expected("rtt", "an object with bounds_us and one more counts");
  }
  if (bounds.size() != RttHistogram::kBoundsUs.size()) return {};
  std::size_t i = 0;
  for (const element item : bounds) {
    const auto bound = read_number(item, 0, 0xffffffff);
    if (!bound || *bound != RttHistogram::kBoundsUs[i++]) return {};
  }
  i = 0;
  for (const element item : counts) {
    const auto count = read_number(item, 0, std::uint64_t{1} << 60U);
    if (!count) return count.error().within("counts").within("rtt");
    histogram.counts[i++] = *count;
  }
  if (auto done = read_field(object, "sum_us", histogram.sum_us); !done)
    return done.error().within("rtt");
  return {};
}

Result<void> read_probing(const element& probing, MeshReport& report) {
  if (!probing.is_object()) return Error("an object is expected");
  if (auto done = read_addresses(probing, report.addresses); !done) return done;
  if (auto done = read_field(probing, "port", {0, kPortMax}, report.port); !done) return done;
  if (auto done = read_field(probing, "ssid", {0, kPortMax}, report.ssid); !done) return done;
  if (auto done = read_field(probing, "assignment", kRevisionSizeMax, report.assignment); !done) {
    return done;
  }
  if (auto done = read_field(probing, "clock", kWordSizeMax, report.clock); !done) return done;
  if (auto done = read_field(probing, "icmp", kReasonSizeMax, report.icmp); !done) return done;
  if (auto done = read_field(probing, "starved", report.starved); !done) return done;
  if (auto done = read_field(probing, "receive_drops", report.receive_drops); !done) return done;
  if (auto done = read_totals(probing, report.totals); !done) return done;
  return read_round_trips(probing, report.round_trips);
}

// ---- tables

Result<std::vector<std::size_t>> read_columns(const element& table) {
  array names;
  if (table["columns"].get(names) != simdjson::SUCCESS || names.size() > kColumnsMax) {
    return expected("columns", "a list of at most " + std::to_string(kColumnsMax));
  }
  std::vector<std::size_t> columns;
  for (const element item : names) {
    std::string_view name;
    if (item.get(name) != simdjson::SUCCESS) return expected("columns", "a list of texts");
    const auto known = std::find(kPathColumns.begin(), kPathColumns.end(), name);
    columns.push_back(static_cast<std::size_t>(known - kPathColumns.begin()));
  }
  return columns;
}

template <typename Duration>
Result<void> read_time(const element& cell, Duration& target) {
  const auto number = read_number(cell, 0, kMillisecondsMax);
  if (!number) return number.error();
  target = Duration(static_cast<std::int64_t>(*number));
  return {};
}

template <typename Duration>
Result<void> read_optional_time(const element& cell, std::optional<Duration>& target) {
  if (cell.is_null()) return {};
  return read_time(cell, target.emplace());
}

Result<void> read_count(const element& cell, std::uint32_t& target) {
  const auto number = read_number(cell, 0, 0xffffffff);
  if (!number) return number.error();
  target = static_cast<std::uint32_t>(*number);
  return {};
}

template <typename Enum>
Result<void> read_word(const element& cell, std::size_t count, Enum& target) {
  const auto read_enum = word<Enum>(cell, count);
  if (!read_enum) return read_enum.error();
  target = *read_enum;
  return {};
}

Result<void> read_cell_text(const element& cell, std::size_t size_max, std::string& target) {
  std::string_view text;
  if (cell.get(text) != simdjson::SUCCESS || text.size() > size_max) {
    return Error("a text of at most " + std::to_string(size_max) + " bytes is expected");
  }
  target = text;
  return {};
}

Result<void> read_quantile(const element& cell, std::chrono::microseconds& target,
                           bool& has_round_trips) {
  if (cell.is_null()) return {};
  has_round_trips = true;
  return read_time(cell, target);
}

// `column` is an index of kPathColumns.
Result<void> read_path_cell(const element& cell, std::size_t column, ReportPath& path,
                            PathSummary::RoundTrips& round_trips, bool& has_round_trips) {
  PathSummary& summary = path.summary;
  switch (column) {
    case 0:
      return read_cell_text(cell, kToSizeMax, path.to);
    case 1:
      return read_word(cell, 4, path.relation);
    case 2:
      return read_word(cell, 5, path.kind);
    case 3:
      return read_word(cell, 3, path.family);
    case 4:
      return read_word(cell, 4, summary.state);
    case 5:
      return read_time(cell, summary.state_age);
    case 6:
      return read_optional_time(cell, summary.answer_age);
    case 7:
      return read_count(cell, summary.sent);
    case 8:
      return read_count(cell, summary.lost);
    case 9:
      return read_count(cell, summary.lost_forward);
    case 10:
      return read_count(cell, summary.lost_backward);
    case 11:
      return read_count(cell, summary.late);
    case 12:
      return read_count(cell, summary.duplicated);
    case 13:
      return read_count(cell, summary.reordered);
    case 14:
      return read_quantile(cell, round_trips.p50, has_round_trips);
    case 15:
      return read_quantile(cell, round_trips.p90, has_round_trips);
    case 16:
      return read_quantile(cell, round_trips.p99, has_round_trips);
    case 17:
      return read_quantile(cell, round_trips.max, has_round_trips);
    case 18:
      return read_optional_time(cell, summary.jitter_forward);
    case 19:
      return read_optional_time(cell, summary.jitter_backward);
    case 20:
      return read_cell_text(cell, kReportPathErrorSizeMax, summary.error);
    default:
      return {};
  }
}

Result<ReportPath> read_path(const element& value, const std::vector<std::size_t>& columns) {
  array row;
  if (value.get(row) != simdjson::SUCCESS || row.size() != columns.size()) {
    return Error("a list with a value for each column is expected");
  }
  ReportPath path;
  PathSummary::RoundTrips round_trips;
  bool has_round_trips = false;
  std::size_t i = 0;
  for (const element cell : row) {
    const std::size_t column = columns[i++];
    if (auto done = read_path_cell(cell, column, path, round_trips, has_round_trips); !done) {
      return done.error().within(kPathColumns[column]);
    }
  }
  if (auto checked = check_text(path.to, "to"); !checked) return checked.error();
  if (path.to.empty()) return expected("to", "a text");
  const PathSummary& summary = path.summary;
  if (summary.lost > summary.sent || summary.lost_forward > summary.lost ||
      summary.lost_backward > summary.lost - summary.lost_forward) {
    return Error("more is lost than was sent");
  }
  if (has_round_trips) path.summary.round_trips = round_trips;
  return path;
}

Result<void> read_paths(const element& mesh, MeshReport& report) {
  element table;
  if (mesh["paths"].get(table) != simdjson::SUCCESS) return {};
  if (!table.is_object()) return Error("an object is expected");
  const auto columns = read_columns(table);
  if (!columns) return columns.error();
  array rows;
  if (table["rows"].get(rows) != simdjson::SUCCESS || rows.size() > kReportPathsMax) {
    return expected("rows", "a list of at most " + std::to_string(kReportPathsMax));
  }
  report.paths.reserve(rows.size());
  for (const element item : rows) {
    auto path = read_path(item, *columns);
    if (!path) {
      return path.error().within("rows[" + std::to_string(report.paths.size()) + "]");
    }
    report.paths.push_back(*std::move(path));
  }
  return {};
}

Result<Heard> read_heard_row(const element& value) {
  constexpr std::string_view kExpected = "[address, ssid, age_ms] is expected";
  array row;
  std::string_view text;
  if (value.get(row) != simdjson::SUCCESS || row.size() != 3 ||
      row.at(0).get(text) != simdjson::SUCCESS) {
    return Error(std::string(kExpected));
  }
  const auto address = IpAddress::parse(text);
  if (!address) return address.error();
  const auto ssid = read_number(row.at(1).value_unsafe(), 0, kPortMax);
  const auto age = read_number(row.at(2).value_unsafe(), 0, kMillisecondsMax);
  if (!ssid || !age) return Error(std::string(kExpected));
  return Heard{.address = *address,
               .ssid = static_cast<std::uint16_t>(*ssid),
               .age = std::chrono::milliseconds(*age)};
}

Result<void> read_heard(const element& mesh, MeshReport& report) {
  element value;
  if (mesh["heard"].get(value) != simdjson::SUCCESS) return {};
  array rows;
  if (value.get(rows) != simdjson::SUCCESS || rows.size() > kReportHeardMax) {
    return Error("a list of at most " + std::to_string(kReportHeardMax) + " is expected");
  }
  for (const element item : rows) {
    const auto heard = read_heard_row(item);
    if (!heard) return heard.error().within("[" + std::to_string(report.heard.size()) + "]");
    report.heard.push_back(*heard);
  }
  return {};
}

}  // namespace

bool is_mesh_table(std::string_view key) {
  return key == "paths" || key == "heard";
}

Result<std::optional<MeshReport>> read_mesh_report(const element& mesh) {
  std::optional<MeshReport> none;
  std::uint64_t schema = 0;
  element probing;
  if (mesh["schema"].get(schema) != simdjson::SUCCESS || schema != 1) return none;
  if (mesh["probing"].get(probing) != simdjson::SUCCESS) return none;
  MeshReport report;
  element value;
  if (mesh["layer"].get(value) != simdjson::SUCCESS)
    return expected("layer", "\"pod\" or \"host\"");
  const auto layer = word<Layer>(value, 2);
  if (!layer) return expected("layer", "\"pod\" or \"host\"");
  report.layer = *layer;
  std::uint64_t uptime = 0;
  if (auto done = read_field(mesh, "agent_uptime_ms", {0, kMillisecondsMax}, uptime); !done) {
    return done.error();
  }
  report.agent_uptime = std::chrono::milliseconds(uptime);
  if (mesh["stopping"].get(value) == simdjson::SUCCESS &&
      value.get(report.stopping) != simdjson::SUCCESS) {
    return expected("stopping", "true or false");
  }
  if (auto done = read_probing(probing, report); !done) return done.error().within("probing");
  if (auto done = read_paths(mesh, report); !done) return done.error().within("paths");
  if (auto done = read_heard(mesh, report); !done) return done.error().within("heard");
  report.paths_total = report.paths.size();
  report.heard_total = report.heard.size();
  if (auto done = read_field(mesh, "paths_total", report.paths_total); !done) return done.error();
  if (auto done = read_field(mesh, "heard_total", report.heard_total); !done) return done.error();
  return std::optional(std::move(report));
}

}  // namespace meshcheck::mesh
