// The SLA in the database.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
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

// For an unknown probe: an error of Error::Kind::kNotFound.
Result<void> erase_probe(store::Connection& database, const sla::ProbeRef& ref);

// The primary key of sla_episode begins with the time, and an index by probe would cost each write
// a page for each probe. So this goes from one time that is there to the next, some 3,000 in 25
// hours, and looks the probe up in each: it does not read the rows of other probes.
inline constexpr std::string_view kEraseEpisodes =
    "DELETE FROM sla_episode WHERE probe = ? AND start_s IN ("
    "WITH RECURSIVE slot (at) AS (SELECT min(start_s) FROM sla_episode UNION ALL "
    "SELECT (SELECT min(start_s) FROM sla_episode WHERE start_s > at) FROM slot "
    "WHERE at IS NOT NULL) SELECT at FROM slot)";

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
