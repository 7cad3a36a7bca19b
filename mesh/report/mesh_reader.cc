#include "mesh/report/mesh_reader.h"

#include <algorithm>
#include <array>
#include <string>

#include "mesh/report/json_fields.h"
#include "mesh/report/name.h"
#include "mesh/report/ping_reader.h"
#include "mesh/report/pmtu_reader.h"
#include "mesh/report/table_reader.h"

namespace meshcheck::mesh {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

constexpr std::size_t kRevisionSizeMax = 64;
constexpr std::size_t kWordSizeMax = 16;
constexpr std::size_t kReasonSizeMax = 256;
constexpr std::size_t kAddressesMax = 2;
constexpr std::uint64_t kPortMax = 0xffff;

Result<void> read_addresses(const element& probing, std::vector<IpAddress>& addresses) {
  return read_each_text(probing, "addresses", kAddressesMax, [&](std::string_view text) {
    const auto address = IpAddress::parse(text);
    if (!address) return Result<void>(address.error().within("addresses"));
    if (!addresses.empty() && addresses.front().family() == address->family()) {
      return Result<void>(Error("addresses: two of one family"));
    }
    addresses.push_back(*address);
    return Result<void>();
  });
}

Result<void> read_padding(const element& mesh, std::string_view key, ReportPadding& padding) {
  element object;
  if (mesh[key].get(object) != simdjson::SUCCESS) return {};
  if (!object.is_object()) return expected(key, "an object");
  if (auto done = read_field(object, "requested", padding.requested); !done) {
    return done.error().within(key);
  }
  if (auto done = read_field(object, "delivered", padding.delivered); !done) {
    return done.error().within(key);
  }
  element cell;
  if (object["stage"].get(cell) == simdjson::SUCCESS) {
    if (auto done = read_word(cell, 4, padding.stage); !done) {
      return done.error().within("stage").within(key);
    }
  }
  if (object["lost_ms"].get(cell) != simdjson::SUCCESS) return {};
  if (auto done = read_optional_time(cell, padding.lost_for); !done) {
    return done.error().within("lost_ms").within(key);
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

Result<void> read_probing(const element& probing, ProbingReport& report) {
  if (!probing.is_object()) return Error("an object is expected");
  if (auto done = read_addresses(probing, report.addresses); !done) return done;
  if (auto done = read_link_mtus(probing, kAddressesMax, report.link_mtus); !done) return done;
  if (auto done = read_field(probing, "tunnel", kWordSizeMax, report.tunnel); !done) return done;
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

// ---- paths

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
    case 21:
      return read_word(cell, 3, path.cross_check);
    default:
      return {};
  }
}

Result<ReportPath> read_path(const array& row, const std::vector<std::size_t>& columns) {
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

Result<void> read_heard(const element& mesh, ProbingReport& report) {
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
  return key == "paths" || key == "heard" || key == "mtu" || key == "pings";
}

Result<std::optional<ProbingReport>> read_probing_report(const element& mesh) {
  std::optional<ProbingReport> none;
  std::uint64_t schema = 0;
  element probing;
  if (mesh["schema"].get(schema) != simdjson::SUCCESS || schema != 1) return none;
  if (mesh["probing"].get(probing) != simdjson::SUCCESS) return none;
  ProbingReport report;
  element value;
  if (mesh["layer"].get(value) != simdjson::SUCCESS)
    return expected("layer", "\"pod\" or \"host\"");
  if (!read_word(value, 2, report.layer)) return expected("layer", "\"pod\" or \"host\"");
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
  if (auto done = read_table<ReportPath>(mesh, "paths", {kPathColumns, kReportPathsMax}, read_path,
                                         report.paths);
      !done) {
    return done.error();
  }
  if (auto done = read_pmtus(mesh, report.mtus); !done) return done.error();
  for (const auto& [key, padding] :
       {std::pair("padding", &report.padding), std::pair("padded_answer", &report.padded_answer)}) {
    if (auto done = read_padding(mesh, key, *padding); !done) return done.error();
  }
  if (auto done = read_heard(mesh, report); !done) return done.error().within("heard");
  if (auto done = read_pings(mesh, report.pings); !done) return done.error();
  report.paths_total = report.paths.size();
  report.heard_total = report.heard.size();
  report.mtus_total = report.mtus.size();
  if (auto done = read_field(mesh, "paths_total", report.paths_total); !done) return done.error();
  if (auto done = read_field(mesh, "heard_total", report.heard_total); !done) return done.error();
  if (auto done = read_field(mesh, "mtu_total", report.mtus_total); !done) return done.error();
  return std::optional(std::move(report));
}

}  // namespace meshcheck::mesh
