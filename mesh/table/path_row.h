// A path and a heard probe, in the server's compact form.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/base/ip_address.h"
#include "mesh/report/probing_report.h"
#include "mesh/table/name_table.h"

namespace meshcheck::mesh {

// One row of `mesh.paths`. There may be a million: names are numbers of the NameTable, times are in
// 32 bits (a state's age ends at 49 days, a round trip at 71 minutes) and counts of the last minute
// in 16, which hold all probes that an agent remembers of a path.
struct PathRow {
  static constexpr std::uint32_t kNever = 0xffffffff;

  PathRow() = default;
  // Sets all but the names, which the caller sets.
  explicit PathRow(const ReportPath& path);

  NameTable::Id to = NameTable::kNone;
  NameTable::Id error = NameTable::kNone;
  std::uint32_t state_age_ms = 0;        // As are all ages, at the time of the report.
  std::uint32_t answer_age_ms = kNever;  // kNever: never answered.
  std::uint32_t p50_us = kNever;         // kNever, as all four: no answer with a time.
  std::uint32_t p90_us = kNever;
  std::uint32_t p99_us = kNever;
  std::uint32_t max_us = kNever;
  std::uint32_t jitter_forward_us = kNever;
  std::uint32_t jitter_backward_us = kNever;
  std::uint16_t sent = 0;
  std::uint16_t lost = 0;
  std::uint16_t lost_forward = 0;
  std::uint16_t lost_backward = 0;
  std::uint16_t late = 0;
  std::uint16_t duplicated = 0;
  std::uint16_t reordered = 0;
  Relation relation : 3 = Relation::kPeer;
  ProbeKind kind : 3 = ProbeKind::kStamp;
  CrossCheck cross_check : 2 = CrossCheck::kNone;
  PathFamily family : 4 = PathFamily::kNone;
  PathState state : 4 = PathState::kUnknown;

  // Whether the other end is an agent, which reports too.
  bool between_agents() const { return relation == Relation::kPeer || relation == Relation::kTwin; }
};

// One row of `mesh.heard`, with a hash of the address. Ages end at 10 minutes.
class HeardRow {
 public:
  explicit HeardRow(const Heard& heard);

  // How long ago an agent's probes were heard, at the time of the report. An agent whose addresses
  // are in no row is found by its SSID alone: addresses may be translated on the way.
  static std::optional<std::chrono::milliseconds> age_of(std::span<const HeardRow> rows,
                                                         const IpAddress& address,
                                                         std::uint16_t ssid);

 private:
  std::uint16_t ssid_;
  std::uint16_t address_;
  std::uint16_t age_10ms_;
};

// A path costs its row and the other end's HeardRow.
static_assert(sizeof(PathRow) + sizeof(HeardRow) <= 64);

}  // namespace meshcheck::mesh
