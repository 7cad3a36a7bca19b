#include "agent/sla/spool.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <string>
#include <utility>

#include "lib/store/migrations.h"

namespace meshcheck::agent::spool {
namespace {

// AUTOINCREMENT: an id never comes again, so a batch that was sent takes nothing newer with it.
constexpr std::array<store::Migration, 1> kMigrations = {{{1, R"sql(
CREATE TABLE episodes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  slot INTEGER NOT NULL,
  group_name TEXT NOT NULL,
  probe TEXT NOT NULL,
  up_ms INTEGER NOT NULL,
  down_ms INTEGER NOT NULL,
  unknown_ms INTEGER NOT NULL,
  checks INTEGER NOT NULL,
  successes INTEGER NOT NULL,
  UNIQUE (slot, group_name, probe)
) STRICT;
)sql"}}};

// Not a log (WAL), which has to grow before anything can be dropped: this journal is as large as
// the few pages of a transaction and stays, so on a full disk the oldest can make room for the
// newest.
constexpr const char* kSettings = "PRAGMA journal_mode = PERSIST";

// An episode that comes again gets a new id too: a batch with the one before does not take it
// along.
constexpr std::string_view kInsert = R"sql(
INSERT INTO episodes (slot, group_name, probe, up_ms, down_ms, unknown_ms, checks, successes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (slot, group_name, probe) DO UPDATE SET
  id = excluded.id, up_ms = excluded.up_ms, down_ms = excluded.down_ms,
  unknown_ms = excluded.unknown_ms, checks = excluded.checks, successes = excluded.successes)sql";
constexpr std::string_view kOldest = R"sql(
SELECT id, slot, group_name, probe, up_ms, down_ms, unknown_ms, checks, successes
FROM episodes ORDER BY slot, group_name, probe LIMIT ?)sql";
constexpr std::string_view kErase = "DELETE FROM episodes WHERE slot BETWEEN ? AND ? AND id <= ?";
constexpr std::string_view kDropBefore = "DELETE FROM episodes WHERE slot < ?";
// Up to the slot of the n-th, or of the last if there are fewer.
constexpr std::string_view kDropOldest = R"sql(
DELETE FROM episodes WHERE slot <= (
  SELECT max(slot) FROM (SELECT slot FROM episodes ORDER BY slot LIMIT ?)))sql";
constexpr std::string_view kUsed = R"sql(
SELECT (page_count - freelist_count) * page_size
FROM pragma_page_count, pragma_freelist_count, pragma_page_size)sql";

std::int64_t slot_of(const sla::Episode& episode) {
  return episode.start.time_since_epoch().count();
}

Result<void> insert(store::Connection& database, const sla::Episode& episode) {
  auto statement = database.cached(kInsert);
  if (!statement) return statement.error();
  const sla::Timers& timers = episode.timers;
  return (*statement)
      ->bind_all(slot_of(episode), episode.ref.group, episode.ref.probe, timers.up.count(),
                 timers.down.count(), timers.unknown.count(), episode.checks, episode.successes)
      .run();
}

Result<std::uint64_t> drop(store::Connection& database, std::string_view sql, std::int64_t bound) {
  auto statement = database.cached(sql);
  if (!statement) return statement.error();
  if (auto run = (*statement)->bind_all(bound).run(); !run) return run.error();
  return static_cast<std::uint64_t>(database.changed());
}

Result<std::size_t> used(store::Connection& database) {
  auto statement = database.cached(kUsed);
  if (!statement) return statement.error();
  const auto row = (*statement)->step();
  if (!row) return row.error();
  const auto size = static_cast<std::size_t>((*statement)->int64(0));
  (*statement)->reset();
  return size;
}

sla::Episode read(const store::Statement& row) {
  return {.ref = {std::string(row.text(2)), std::string(row.text(3))},
          .start = sla::Seconds(std::chrono::seconds(row.int64(1))),
          .timers = {.up = sla::Milliseconds(row.int64(4)),
                     .down = sla::Milliseconds(row.int64(5)),
                     .unknown = sla::Milliseconds(row.int64(6))},
          .checks = static_cast<std::uint64_t>(row.int64(7)),
          .successes = static_cast<std::uint64_t>(row.int64(8))};
}

}  // namespace

Result<void> prepare(store::Connection& database) {
  if (auto set = database.exec(kSettings); !set) return set;
  return store::migrate(database, kMigrations);
}

Result<std::uint64_t> put(store::Connection& database, const std::vector<sla::Episode>& episodes,
                          SpoolBounds bounds) {
  if (episodes.empty()) return 0;
  for (const sla::Episode& episode : episodes) {
    if (auto inserted = insert(database, episode); !inserted) return inserted.error();
  }
  const std::chrono::seconds age_max = bounds.age_max;
  auto dropped = drop(database, kDropBefore, slot_of(episodes.back()) - age_max.count());
  while (dropped) {
    const auto size = used(database);
    if (!size) return size.error();
    if (*size <= bounds.size_max) break;
    // A few slots at once, so that pages become free.
    auto more = drop_oldest(database, 2 * episodes.size());
    if (!more || *more == 0) return more ? dropped : more;
    *dropped += *more;
  }
  return dropped;
}

Result<Batch> oldest(store::Connection& database, std::size_t episodes_max) {
  auto statement = database.cached(kOldest);
  if (!statement) return statement.error();
  (*statement)->bind(1, episodes_max);
  Batch batch;
  std::vector<std::int64_t> ids;
  while (true) {
    const auto row = (*statement)->step();
    if (!row) return row.error();
    if (!*row) break;
    ids.push_back((*statement)->int64(0));
    batch.episodes.push_back(read(**statement));
  }
  if (batch.episodes.size() == episodes_max) {
    // The last slot may go on beyond what was read, and the first is never that long.
    const sla::Seconds last = batch.episodes.back().start;
    assert(batch.episodes.front().start != last);
    while (batch.episodes.back().start == last) batch.episodes.pop_back();
  }
  for (std::size_t i = 0; i < batch.episodes.size(); ++i) {
    batch.last_id = std::max(batch.last_id, ids[i]);
  }
  return batch;
}

Result<void> erase(store::Connection& database, const Batch& batch) {
  if (batch.episodes.empty()) return {};
  auto statement = database.cached(kErase);
  if (!statement) return statement.error();
  return (*statement)
      ->bind_all(slot_of(batch.episodes.front()), slot_of(batch.episodes.back()), batch.last_id)
      .run();
}

Result<std::uint64_t> drop_oldest(store::Connection& database, std::size_t episodes) {
  return drop(database, kDropOldest, static_cast<std::int64_t>(episodes));
}

}  // namespace meshcheck::agent::spool
