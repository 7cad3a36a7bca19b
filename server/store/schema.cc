#include "server/store/schema.h"

#include <array>
#include <string_view>

namespace meshcheck::server {
namespace {

constexpr std::string_view kReports = R"(
CREATE TABLE agent (
  name TEXT PRIMARY KEY,
  record TEXT NOT NULL,
  errors_since_report INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE series (
  label TEXT PRIMARY KEY,
  reports INTEGER NOT NULL,
  errors INTEGER NOT NULL
) WITHOUT ROWID;
)";

constexpr std::string_view kSettings = R"(
CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;
)";

constexpr std::string_view kVerdicts = R"(
CREATE TABLE verdict (
  id INTEGER PRIMARY KEY,
  opened_ms INTEGER NOT NULL,
  closed_ms INTEGER,
  ending TEXT NOT NULL,
  kind TEXT NOT NULL,
  severity TEXT NOT NULL,
  layer TEXT NOT NULL,
  subject TEXT NOT NULL,
  sentence TEXT NOT NULL,
  next_command TEXT NOT NULL,
  details TEXT NOT NULL
);
)";

constexpr std::string_view kAvailability = R"(
CREATE TABLE sla_probe (
  id INTEGER PRIMARY KEY,
  group_name TEXT NOT NULL,
  probe_name TEXT NOT NULL,
  down_total_ms INTEGER NOT NULL DEFAULT 0,
  settled INTEGER NOT NULL DEFAULT 0,
  UNIQUE (group_name, probe_name)
);
CREATE TABLE sla_episode (
  start_s INTEGER NOT NULL,
  probe INTEGER NOT NULL REFERENCES sla_probe (id),
  up_ms INTEGER NOT NULL,
  down_ms INTEGER NOT NULL,
  unknown_ms INTEGER NOT NULL,
  PRIMARY KEY (start_s, probe)
) WITHOUT ROWID;
CREATE TABLE sla_day (
  probe INTEGER NOT NULL REFERENCES sla_probe (id),
  day INTEGER NOT NULL,
  up_ms INTEGER NOT NULL,
  down_ms INTEGER NOT NULL,
  unknown_ms INTEGER NOT NULL,
  rollups BLOB NOT NULL,
  PRIMARY KEY (probe, day)
) WITHOUT ROWID;
CREATE TABLE downtime (
  uid TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  item TEXT NOT NULL
) WITHOUT ROWID;
)";

constexpr std::string_view kHistory = R"(
CREATE TABLE history_tick (
  at_s INTEGER PRIMARY KEY,
  points BLOB NOT NULL
);
CREATE TABLE history_chunk (
  step_s INTEGER NOT NULL,
  start_s INTEGER NOT NULL,
  node TEXT NOT NULL,
  layer INTEGER NOT NULL,
  points BLOB NOT NULL,
  PRIMARY KEY (step_s, start_s, node, layer)
) WITHOUT ROWID;
CREATE TABLE history_block (
  step_s INTEGER NOT NULL,
  start_s INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (step_s, start_s)
) WITHOUT ROWID;
)";

constexpr std::string_view kVerdictTrails = R"(
CREATE TABLE verdict_trail (
  verdict INTEGER NOT NULL,
  moment TEXT NOT NULL,
  trail BLOB NOT NULL,
  PRIMARY KEY (verdict, moment)
) WITHOUT ROWID;
)";

// Steps are added at the end, and none is edited once it was released.
constexpr std::array kMigrations = {
    store::Migration{1, kReports},  store::Migration{2, kSettings},
    store::Migration{3, kVerdicts}, store::Migration{4, kAvailability},
    store::Migration{5, kHistory},  store::Migration{6, kVerdictTrails}};

}  // namespace

std::span<const store::Migration> schema_migrations() {
  return kMigrations;
}

Result<void> update_schema(store::Connection& database) {
  return store::migrate(database, kMigrations);
}

}  // namespace meshcheck::server
