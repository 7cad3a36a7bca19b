// The sizes of packets that a path carries, in the server's compact form.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/base/time.h"
#include "mesh/report/probing_report.h"
#include "mesh/table/name_table.h"

namespace meshcheck::mesh {

// One direction of a row. `class_age` ends at 155 days, `confirmed_age` at 1.8 hours.
struct PmtuRowWay {
  FragmentationClass fragmentation_class = FragmentationClass::kUnknown;
  FragmentsResult fragments = FragmentsResult::kUnknown;
  Clock::duration class_age{};            // As are all ages, at the time of the report.
  std::optional<std::uint16_t> size;      // 0: nothing passes; nothing: not known.
  std::optional<std::uint16_t> link_mtu;  // Of the end that sends.
  std::optional<Clock::duration> confirmed_age;
};

// The latest ICMP message that was believed. Its age ends at 68 minutes.
struct PmtuRowTooBig {
  std::uint16_t mtu = 0;
  NameTable::Id from = NameTable::kNone;  // kNone: the own kernel.
  Clock::duration age{};
};

// One row of `mesh.mtu`. There may be a million, beside as many of `mesh.paths`: names are numbers
// of the NameTable, and times are cut. Its path is the STAMP path to the same agent in the same
// family.
class PmtuRow {
 public:
  // Names that the caller has acquired, and keeps.
  struct Names {
    NameTable::Id to = NameTable::kNone;
    NameTable::Id too_big_from = NameTable::kNone;
  };

  PmtuRow(const ReportPmtu& mtu, Names names);

  NameTable::Id to() const { return to_; }
  NameTable::Id too_big_from() const { return too_big_from_; }
  PathFamily family() const { return family_; }
  PmtuRowWay way(Direction direction) const;
  std::optional<PmtuRowTooBig> too_big() const;
  FragmentsResult icmp_fragments() const { return icmp_fragments_; }

  // Their order in an agent.
  friend bool operator<(const PmtuRow& a, const PmtuRow& b) {
    return a.to_ != b.to_ ? a.to_ < b.to_ : a.family_ < b.family_;
  }
  // Null if it is not there. `rows` are in order.
  static const PmtuRow* find(std::span<const PmtuRow> rows, NameTable::Id to, PathFamily family);

 private:
  static constexpr std::uint16_t kNothing = 0xffff;

  struct Class {
    std::uint32_t age_100ms : 27;
    FragmentationClass value : 3;
    FragmentsResult fragments : 2;
  };
  struct Size {
    std::uint16_t size;  // kNothing: not known.
    std::uint16_t link_mtu;
    std::uint16_t confirmed_100ms;  // kNothing: never.
  };
  static Class class_of(const PathMtu::Result& result);
  static Size size_of(const PathMtu::Result& result);

  NameTable::Id to_;
  NameTable::Id too_big_from_;
  std::array<Class, 2> classes_;  // By Direction, as the sizes.
  std::array<Size, 2> sizes_;
  std::uint16_t too_big_mtu_ = 0;  // 0: nothing was heard.
  std::uint16_t too_big_age_s_ : 12;
  FragmentsResult icmp_fragments_ : 2;
  PathFamily family_ : 2;
};
static_assert(sizeof(PmtuRow) <= 32);

}  // namespace meshcheck::mesh
