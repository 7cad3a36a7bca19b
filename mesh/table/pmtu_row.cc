#include "mesh/table/pmtu_row.h"

#include <algorithm>

namespace meshcheck::mesh {
namespace {

using Tenths = std::chrono::duration<std::int64_t, std::deci>;

constexpr std::int64_t kClassAgeMax = (std::int64_t{1} << 27) - 1;
constexpr std::int64_t kTooBigAgeMax = (std::int64_t{1} << 12) - 1;

template <typename Unit>
std::int64_t count(Clock::duration age, std::int64_t most) {
  return std::clamp<std::int64_t>(std::chrono::floor<Unit>(age).count(), 0, most);
}

}  // namespace

PmtuRow::Class PmtuRow::class_of(const PathMtu::Result& result) {
  Class row{};
  row.age_100ms = static_cast<std::uint32_t>(count<Tenths>(result.class_age, kClassAgeMax)) &
                  static_cast<std::uint32_t>(kClassAgeMax);
  row.value = result.fragmentation_class;
  row.fragments = result.fragments;
  return row;
}

PmtuRow::Size PmtuRow::size_of(const PathMtu::Result& result) {
  constexpr std::uint16_t kMost = kNothing - 1;
  Size row{.size = kNothing, .link_mtu = result.link_mtu, .confirmed_100ms = kNothing};
  if (result.size) row.size = std::min(*result.size, kMost);
  if (result.confirmed_age) {
    row.confirmed_100ms = static_cast<std::uint16_t>(count<Tenths>(*result.confirmed_age, kMost));
  }
  return row;
}

PmtuRow::PmtuRow(const ReportPmtu& mtu, Names names)
    : to_(names.to),
      too_big_from_(names.too_big_from),
      classes_{class_of(mtu.ways[0]), class_of(mtu.ways[1])},
      sizes_{size_of(mtu.ways[0]), size_of(mtu.ways[1])},
      too_big_age_s_(0),
      icmp_fragments_(mtu.icmp_fragments),
      family_(mtu.family) {
  const auto& too_big = mtu.ways.front().too_big;
  if (!too_big) return;
  too_big_mtu_ = too_big->mtu;
  too_big_age_s_ = count<std::chrono::seconds>(too_big->age, kTooBigAgeMax) & kTooBigAgeMax;
}

PmtuRowWay PmtuRow::way(Direction direction) const {
  const auto index = static_cast<std::size_t>(direction);
  const Class& shown = classes_[index];
  const Size& found = sizes_[index];
  PmtuRowWay way{.fragmentation_class = shown.value,
                 .fragments = shown.fragments,
                 .class_age = Tenths(shown.age_100ms)};
  if (found.size != kNothing) way.size = found.size;
  if (found.link_mtu != 0) way.link_mtu = found.link_mtu;
  if (found.confirmed_100ms != kNothing) way.confirmed_age = Tenths(found.confirmed_100ms);
  return way;
}

std::optional<PmtuRowTooBig> PmtuRow::too_big() const {
  if (too_big_mtu_ == 0) return std::nullopt;
  return PmtuRowTooBig{
      .mtu = too_big_mtu_, .from = too_big_from_, .age = std::chrono::seconds(too_big_age_s_)};
}

const PmtuRow* PmtuRow::find(std::span<const PmtuRow> rows, NameTable::Id to, PathFamily family) {
  const auto position = std::partition_point(rows.begin(), rows.end(), [&](const PmtuRow& row) {
    return row.to_ != to ? row.to_ < to : row.family_ < family;
  });
  const bool there = position != rows.end() && position->to_ == to && position->family_ == family;
  return there ? &*position : nullptr;
}

}  // namespace meshcheck::mesh
