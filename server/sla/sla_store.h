// The SLA in the database.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lib/store/connection.h"
#include "lib/store/unreadable_rows.h"
#include "mesh/sla/downtime.h"
#include "mesh/sla/history.h"
#include "mesh/sla/sla_changes.h"
#include "mesh/sla/sla_table.h"

namespace meshcheck::server {

// A row that cannot be read stays in the database.
using store::OnUnreadable;

// Rows that are too old for the table stay in the database alone.
Result<void> read_sla(store::Connection& database, sla::SlaTable& table, WallTime now,
                      const OnUnreadable& on_unreadable);

Result<void> write_episodes(store::Connection& database, const sla::SlaChanges& changes);
struct SlaOldest {
  sla::Seconds episode;
  sla::DayNumber day = 0;  // 0: none is too old.
};
// Writes the days and deletes older rows.
Result<void> write_days(store::Connection& database, const std::vector<sla::SlaDayChange>& days,
                        SlaOldest oldest);

// For an unknown probe: an error, kNoSuchProbe.
Result<void> erase_probe(store::Connection& database, const sla::ProbeRef& ref);
inline constexpr const char* kNoSuchProbe = "There is no such probe.";

// The days and probes that a question needs.
struct SlaSelection {
  std::string group;  // Empty: all; so is `probe`.
  std::string probe;
  sla::DayNumber from = 0;
  sla::DayNumber to = 0;  // The first one that is not needed.
  // Called for each day: whether its rollups are needed in addition to its sum.
  std::function<bool(const sla::ProbeRef& ref, sla::DayNumber day)> wants_rollups;
  std::size_t days_max = 200'000;    // Of all probes.
  std::size_t rollups_max = 20'000;  // Days whose rollups are needed, 7 KB each.
};
enum class SlaReading : std::uint8_t { kDone, kTooManyDays, kTooManyRollups };
using SlaHistories = std::map<sla::ProbeRef, sla::History>;
// Adds days that are not there already. Probes without a day in the range are left out. Reading
// stops at the bounds of `selection`.
Result<SlaReading> read_histories(store::Connection& database, const SlaSelection& selection,
                                  SlaHistories& histories);

Result<std::vector<sla::Downtime>> read_downtimes(store::Connection& database,
                                                  const OnUnreadable& on_unreadable);
Result<void> write_downtime(store::Connection& database, const sla::Downtime& downtime);
Result<void> erase_downtime(store::Connection& database, const std::string& uid);

}  // namespace meshcheck::server
