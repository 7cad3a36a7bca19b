#include "server/sla/sla_store.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "mesh/sla/downtime_item.h"

namespace meshcheck::server {
namespace {

using nlohmann::json;
using sla::ProbeRef;
using sla::Seconds;
using sla::Timers;

std::int64_t seconds(Seconds time) {
  return time.time_since_epoch().count();
}

// From three columns.
Timers timers_of(const store::Statement& row, int column) {
  return {sla::Milliseconds(row.int64(column)), sla::Milliseconds(row.int64(column + 1)),
          sla::Milliseconds(row.int64(column + 2))};
}

struct StoredProbe {
  std::int64_t id = 0;
  sla::SlaDownCount count;
  const ProbeRef& ref() const { return count.ref; }
};

// An empty group or probe is any.
Result<std::vector<StoredProbe>> read_probes(store::Connection& database, const std::string& group,
                                             const std::string& probe) {
  auto rows = database.cached(
      "SELECT id, group_name, probe_name, down_total_ms, settled FROM sla_probe "
      "WHERE ? IN ('', group_name) AND ? IN ('', probe_name) ORDER BY group_name, probe_name");
  if (!rows) return rows.error();
  store::Statement& statement = **rows;
  statement.bind_all(std::string_view(group), std::string_view(probe));
  std::vector<StoredProbe> probes;
  for (;;) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return probes;
    probes.push_back({statement.int64(0),
                      {.ref = {std::string(statement.text(1)), std::string(statement.text(2))},
                       // A counter that went below 0 would be one that began anew.
                       .down = sla::Milliseconds(std::max<std::int64_t>(0, statement.int64(3))),
                       .settled = static_cast<std::uint32_t>(statement.int64(4))}});
  }
}

Result<void> read_days(store::Connection& database, const StoredProbe& probe, sla::SlaTable& table,
                       sla::DayNumber from, const OnUnreadable& on_unreadable) {
  auto rows = database.cached("SELECT day, rollups FROM sla_day WHERE probe = ? AND day >= ?");
  if (!rows) return rows.error();
  store::Statement& statement = **rows;
  statement.bind_all(probe.id, from);
  for (;;) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return {};
    const auto day = sla::decode_day(statement.blob(1));
    if (!day) {
      on_unreadable(day.error().within(probe.ref().text()));
      continue;
    }
    table.restore(probe.ref(), static_cast<sla::DayNumber>(statement.int64(0)), *day);
  }
}

Result<void> read_episodes(store::Connection& database, sla::SlaTable& table, Seconds from) {
  auto rows = database.prepare(
      "SELECT group_name, probe_name, start_s, up_ms, down_ms, unknown_ms FROM sla_episode JOIN "
      "sla_probe ON id = probe WHERE start_s >= ? ORDER BY start_s");
  if (!rows) return rows.error();
  rows->bind_all(seconds(from));
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return {};
    table.restore({.ref = {std::string(rows->text(0)), std::string(rows->text(1))},
                   .start = Seconds(std::chrono::seconds(rows->int64(2))),
                   .timers = timers_of(*rows, 3)});
  }
}

// Its number, which it gets at its first row.
class ProbeIds {
 public:
  explicit ProbeIds(store::Connection& database) : database_(database) {}

  Result<std::int64_t> id_of(const ProbeRef& ref) {
    if (const auto known = ids_.find(ref); known != ids_.end()) return known->second;
    auto insert = database_.cached(
        "INSERT INTO sla_probe (group_name, probe_name) VALUES (?, ?) "
        "ON CONFLICT (group_name, probe_name) DO NOTHING");
    if (!insert) return insert.error();
    const std::string_view group = ref.group;
    const std::string_view probe = ref.probe;
    if (auto done = (*insert)->bind_all(group, probe).run(); !done) return done.error();
    auto asked =
        database_.cached("SELECT id FROM sla_probe WHERE group_name = ? AND probe_name = ?");
    if (!asked) return asked.error();
    const auto row = (*asked)->bind_all(group, probe).step();
    if (!row) return row.error();
    const std::int64_t id = (*asked)->int64(0);
    (*asked)->reset();
    return ids_[ref] = id;
  }

 private:
  store::Connection& database_;
  std::map<ProbeRef, std::int64_t> ids_;
};

Result<void> drop_old(store::Connection& database, SlaOldest oldest) {
  auto episodes = database.cached("DELETE FROM sla_episode WHERE start_s < ?");
  if (!episodes) return episodes.error();
  if (auto done = (*episodes)->bind_all(seconds(oldest.episode)).run(); !done) return done;
  if (oldest.day == 0) return {};
  auto days =
      database.cached("DELETE FROM sla_day WHERE probe IN (SELECT id FROM sla_probe) AND day < ?");
  if (!days) return days.error();
  return (*days)->bind_all(oldest.day).run();
}

Result<sla::Day> read_rollups(store::Connection& database, std::int64_t probe, sla::DayNumber day) {
  auto asked = database.cached("SELECT rollups FROM sla_day WHERE probe = ? AND day = ?");
  if (!asked) return asked.error();
  const auto row = (*asked)->bind_all(probe, day).step();
  if (!row) return row.error();
  auto rollups = *row ? sla::decode_day((*asked)->blob(0)) : sla::Day();
  (*asked)->reset();
  return rollups;
}

// How many days' rollups it has read.
Result<std::size_t> read_history(store::Connection& database, const SlaSelection& selection,
                                 const StoredProbe& probe, sla::History& history) {
  auto rows = database.cached(
      "SELECT day, up_ms, down_ms, unknown_ms FROM sla_day WHERE probe = ? AND day >= ? AND "
      "day < ?");
  if (!rows) return rows.error();
  store::Statement& statement = **rows;
  statement.bind_all(probe.id, selection.from, selection.to);
  std::size_t read = 0;
  for (;;) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return read;
    const auto day = static_cast<sla::DayNumber>(statement.int64(0));
    const auto [known, added] = history.try_emplace(day);
    if (!added) continue;
    known->second.sum = timers_of(statement, 1);
    if (!selection.wants_rollups(probe.ref(), day)) continue;
    auto rollups = read_rollups(database, probe.id, day);
    if (!rollups) return rollups.error().within(probe.ref().text());
    known->second.rollups.assign(rollups->rollups.begin(), rollups->rollups.end());
    ++read;
  }
}

}  // namespace

Result<void> read_sla(store::Connection& database, sla::SlaTable& table, WallTime now,
                      const OnUnreadable& on_unreadable) {
  table.advance(now);
  const auto probes = read_probes(database, {}, {});
  if (!probes) return probes.error();
  for (const StoredProbe& probe : *probes) {
    if (auto read = read_days(database, probe, table, table.first_day(), on_unreadable); !read)
      return read;
  }
  const auto time = std::chrono::floor<std::chrono::seconds>(now);
  if (auto read = read_episodes(database, table, time - sla::SlaTable::kAgeMax); !read) return read;
  for (const StoredProbe& probe : *probes) table.restore(probe.count);
  return {};
}

Result<void> write_episodes(store::Connection& database, const sla::SlaChanges& changes) {
  ProbeIds ids(database);
  for (const sla::Episode& episode : changes.episodes) {
    const auto id = ids.id_of(episode.ref);
    if (!id) return id.error();
    auto insert = database.cached(
        "INSERT INTO sla_episode VALUES (?, ?, ?, ?, ?) ON CONFLICT (start_s, probe) DO UPDATE SET "
        "up_ms = excluded.up_ms, down_ms = excluded.down_ms, unknown_ms = excluded.unknown_ms");
    if (!insert) return insert.error();
    const Timers& timers = episode.timers;
    auto done = (*insert)
                    ->bind_all(seconds(episode.start), *id, timers.up.count(), timers.down.count(),
                               timers.unknown.count())
                    .run();
    if (!done) return done;
  }
  for (const sla::SlaDownCount& count : changes.down_counts) {
    const auto id = ids.id_of(count.ref);
    if (!id) return id.error();
    auto update =
        database.cached("UPDATE sla_probe SET down_total_ms = ?, settled = ? WHERE id = ?");
    if (!update) return update.error();
    auto done = (*update)->bind_all(count.down.count(), count.settled, *id).run();
    if (!done) return done;
  }
  return {};
}

Result<void> write_days(store::Connection& database, const std::vector<sla::SlaDayChange>& days,
                        SlaOldest oldest) {
  ProbeIds ids(database);
  for (const sla::SlaDayChange& change : days) {
    const auto id = ids.id_of(change.ref);
    if (!id) return id.error();
    auto insert = database.cached(
        "INSERT INTO sla_day VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (probe, day) DO UPDATE SET "
        "up_ms = excluded.up_ms, down_ms = excluded.down_ms, unknown_ms = excluded.unknown_ms, "
        "rollups = excluded.rollups");
    if (!insert) return insert.error();
    const Timers sum = change.day.sum();
    const std::vector<std::uint8_t> rollups = sla::encode(change.day);
    auto done = (*insert)
                    ->bind_all(*id, change.number, sum.up.count(), sum.down.count(),
                               sum.unknown.count(), std::span<const std::uint8_t>(rollups))
                    .run();
    if (!done) return done;
  }
  return drop_old(database, oldest);
}

Result<void> erase_probe(store::Connection& database, const ProbeRef& ref) {
  const auto probes = read_probes(database, ref.group, ref.probe);
  if (!probes) return probes.error();
  if (probes->empty()) return Error("there is no such probe", Error::Kind::kNotFound);
  for (const std::string_view sql :
       {kEraseEpisodes, std::string_view("DELETE FROM sla_day WHERE probe = ?"),
        std::string_view("DELETE FROM sla_probe WHERE id = ?")}) {
    auto statement = database.cached(sql);
    if (!statement) return statement.error();
    if (auto done = (*statement)->bind_all(probes->front().id).run(); !done) return done;
  }
  return {};
}

Result<SlaReading> read_histories(store::Connection& database, const SlaSelection& selection,
                                  SlaHistories& histories) {
  const auto probes = read_probes(database, selection.group, selection.probe);
  if (!probes) return probes.error();
  std::size_t days = 0;
  std::size_t rollups = 0;
  for (const StoredProbe& probe : *probes) {
    const auto [history, added] = histories.try_emplace(probe.ref());
    const auto read = read_history(database, selection, probe, history->second);
    if (!read) return read.error();
    rollups += *read;
    days += history->second.size();
    if (added && history->second.empty()) histories.erase(history);
    if (days > selection.days_max) return SlaReading::kTooManyDays;
    if (rollups > selection.rollups_max) return SlaReading::kTooManyRollups;
  }
  return SlaReading::kDone;
}

Result<std::vector<sla::Downtime>> read_downtimes(store::Connection& database,
                                                  const OnUnreadable& on_unreadable) {
  auto rows = database.prepare("SELECT uid, name, item FROM downtime");
  if (!rows) return rows.error();
  std::vector<sla::Downtime> downtimes;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return downtimes;
    auto downtime = sla::parse_downtime_item(json::parse(rows->text(2), nullptr, false));
    if (!downtime) {
      on_unreadable(downtime.error().within("downtime " + std::string(rows->text(0))));
      continue;
    }
    downtime->uid = rows->text(0);
    downtime->name = rows->text(1);
    downtimes.push_back(*std::move(downtime));
  }
}

Result<void> write_downtime(store::Connection& database, const sla::Downtime& downtime) {
  auto insert = database.cached(
      "INSERT INTO downtime VALUES (?, ?, ?) ON CONFLICT (uid) DO UPDATE SET "
      "name = excluded.name, item = excluded.item");
  if (!insert) return insert.error();
  const std::string item = sla::to_json(downtime).dump();
  return (*insert)
      ->bind_all(std::string_view(downtime.uid), std::string_view(downtime.name),
                 std::string_view(item))
      .run();
}

Result<void> erase_downtime(store::Connection& database, const std::string& uid) {
  auto erase = database.cached("DELETE FROM downtime WHERE uid = ?");
  if (!erase) return erase.error();
  return (*erase)->bind_all(std::string_view(uid)).run();
}

}  // namespace meshcheck::server
