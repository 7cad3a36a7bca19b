#include "mesh/report/pmtu_reader.h"

#include <string>

#include "mesh/report/name.h"
#include "mesh/report/table_reader.h"

namespace meshcheck::mesh {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

constexpr std::size_t kWaysBegin = 3;     // Of kPmtuColumns: where the first direction's begin,
constexpr std::size_t kWayColumns = 6;    // how many each direction has,
constexpr std::size_t kTooBigBegin = 15;  // and what follows both.
constexpr std::size_t kAddressSizeMax = 45;
constexpr std::size_t kTooBigEnd = 18;
static_assert(kTooBigBegin == kWaysBegin + 2 * kWayColumns);
static_assert(kPmtuColumns[kWaysBegin] == "forward_class");
static_assert(kPmtuColumns[kWaysBegin + kWayColumns] == "backward_class");
static_assert(kPmtuColumns[kTooBigBegin] == "too_big_mtu");
static_assert(kPmtuColumns[kTooBigEnd] == "icmp_fragments");

Result<void> read_age(const element& cell, Clock::duration& target) {
  std::chrono::milliseconds age{0};
  auto done = read_time(cell, age);
  target = age;
  return done;
}

// `column` counts from the direction's first.
Result<void> read_way_cell(const element& cell, std::size_t column, PathMtu::Result& way) {
  switch (column) {
    case 0:
      return read_word(cell, 7, way.fragmentation_class);
    case 1:
      return read_age(cell, way.class_age);
    case 2:
      if (cell.is_null()) return {};
      return read_count(cell, way.size.emplace());
    case 3:
      return read_count(cell, way.link_mtu);
    case 4:
      if (cell.is_null()) return {};
      return read_age(cell, way.confirmed_age.emplace());
    default:
      return read_word(cell, 3, way.fragments);
  }
}

Result<void> read_too_big_cell(const element& cell, std::size_t column,
                               std::optional<PathMtu::TooBig>& target) {
  if (cell.is_null()) return {};
  if (!target) target = PathMtu::TooBig{};
  if (column == 0) return read_count(cell, target->mtu);
  if (column == 2) return read_age(cell, target->age);
  std::string address;
  if (auto done = read_cell_text(cell, kAddressSizeMax, address); !done) return done;
  if (address.empty()) return {};
  auto reporter = IpAddress::parse(address);
  if (!reporter) return reporter.error();
  target->reporter = *reporter;
  return {};
}

Result<void> read_pmtu_cell(const element& cell, std::size_t column, ReportPmtu& mtu) {
  if (column == 0) return read_cell_text(cell, kToSizeMax, mtu.to);
  if (column == 1) return read_word(cell, 4, mtu.relation);
  if (column == 2) return read_word(cell, 3, mtu.family);
  if (column == kTooBigEnd) return read_word(cell, 3, mtu.icmp_fragments);
  if (column >= kTooBigBegin) {
    return read_too_big_cell(cell, column - kTooBigBegin, mtu.ways.front().too_big);
  }
  const std::size_t at = column - kWaysBegin;
  return read_way_cell(cell, at % kWayColumns, mtu.ways[at / kWayColumns]);
}

Result<ReportPmtu> read_pmtu(const array& row, const std::vector<std::size_t>& columns) {
  ReportPmtu mtu;
  std::size_t i = 0;
  for (const element cell : row) {
    const std::size_t column = columns[i++];
    if (column == kPmtuColumns.size()) continue;
    if (auto done = read_pmtu_cell(cell, column, mtu); !done) {
      return done.error().within(kPmtuColumns[column]);
    }
  }
  if (auto checked = check_text(mtu.to, "to"); !checked) return checked.error();
  if (mtu.to.empty()) return expected("to", "a text");
  return mtu;
}

}  // namespace

Result<void> read_pmtus(const element& mesh, std::vector<ReportPmtu>& mtus) {
  return read_table(mesh, "mtu", {kPmtuColumns, kReportPathsMax}, read_pmtu, mtus);
}

}  // namespace meshcheck::mesh
