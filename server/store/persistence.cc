#include "server/store/persistence.h"

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "mesh/report/record.h"
#include "server/mesh/mesh_key.h"
#include "server/sla/sla_store.h"
#include "server/store/schema.h"
#include "server/verdicts/verdict_store.h"

namespace meshcheck::server {
namespace {

constexpr std::string_view kMeshKey = "mesh_key";

Result<void> write_agent(store::Connection& database, const AgentChange& change) {
  if (!change.record) {
    auto statement = database.cached("DELETE FROM agent WHERE name = ?");
    if (!statement) return statement.error();
    return (*statement)->bind_all(std::string_view(change.name)).run();
  }
  auto statement = database.cached(
      "INSERT INTO agent VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
      "record = excluded.record, errors_since_report = excluded.errors_since_report");
  if (!statement) return statement.error();
  return (*statement)
      ->bind_all(std::string_view(change.name), std::string_view(*change.record),
                 change.errors_since_report)
      .run();
}

Result<void> write_series(store::Connection& database, const SeriesChange& change) {
  if (change.removed) {
    auto statement = database.cached("DELETE FROM series WHERE label = ?");
    if (!statement) return statement.error();
    return (*statement)->bind_all(std::string_view(change.label)).run();
  }
  auto statement = database.cached(
      "INSERT INTO series VALUES (?, ?, ?) ON CONFLICT (label) DO UPDATE SET "
      "reports = excluded.reports, errors = excluded.errors");
  if (!statement) return statement.error();
  return (*statement)
      ->bind_all(std::string_view(change.label), change.reports, change.errors)
      .run();
}

Result<void> write_table(store::Connection& database, const Changes& changes) {
  for (const AgentChange& change : changes.agents) {
    if (auto written = write_agent(database, change); !written) return written;
  }
  for (const SeriesChange& change : changes.series) {
    if (auto written = write_series(database, change); !written) return written;
  }
  return {};
}

// The key of the mesh; made when it is first asked for.
Result<std::string> stored_mesh_key(store::Connection& database) {
  auto asked = database.prepare("SELECT value FROM setting WHERE name = ?");
  if (!asked) return asked.error();
  const auto row = asked->bind_all(kMeshKey).step();
  if (!row) return row.error();
  if (*row) {
    const auto octets = asked->blob(0);
    auto key = std::string(octets.begin(), octets.end());
    asked->reset();
    if (key.size() >= kMeshKeySizeMin && key.size() <= kMeshKeySizeMax) return key;
    return Error("the mesh's key in the database is damaged; delete the row mesh_key of setting");
  }
  auto made = make_mesh_key();
  if (!made) return made;
  const std::string key = *std::move(made);
  auto insert = database.prepare("INSERT INTO setting VALUES (?, ?)");
  if (!insert) return insert.error();
  const std::span octets(reinterpret_cast<const std::uint8_t*>(key.data()), key.size());
  if (auto done = insert->bind_all(kMeshKey, octets).run(); !done) return done.error();
  return key;
}

// What a stored report says of the mesh: where its agent is reached.
struct RestoredAgent {
  std::string name;
  std::string node;
  std::optional<mesh::MeshReport> report;
};

Result<void> restore_agents(store::Connection& database, AgentTable& table,
                            std::vector<RestoredAgent>& mesh, const Log& log) {
  auto rows = database.prepare("SELECT name, record, errors_since_report FROM agent");
  if (!rows) return rows.error();
  mesh::RecordParser parser;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return {};
    const std::string name(rows->text(0));
    std::string body(rows->text(1));
    body.reserve(body.size() + 64);
    auto record = parser.parse(body, name);
    const auto updated =
        record ? parse_wall_time(record->last_updated) : Result<WallTime>(record.error());
    if (updated) {
      RestoredAgent restored{name, record->nodename, std::move(record->mesh)};
      table.restore_agent(*std::move(record), rows->int64(2), *updated, now());
      const bool held = table.not_held({name}).empty();
      if (held && restored.report) mesh.push_back(std::move(restored));
    } else {
      log.warning("stored report is not readable and was left out",
                  {{"agent", name}, {"error", updated.error().message()}});
    }
  }
}

Result<void> restore_series(store::Connection& database, AgentTable& table) {
  auto rows = database.prepare("SELECT label, reports, errors FROM series");
  if (!rows) return rows.error();
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return {};
    table.restore_series(rows->text(0), static_cast<std::uint64_t>(rows->int64(1)),
                         static_cast<std::uint64_t>(rows->int64(2)));
  }
}

Result<void> restore_sla(store::Connection& database, SlaTables& tables) {
  auto downtimes = read_downtimes(database);
  if (!downtimes) return downtimes.error();
  tables.downtimes.with([&](sla::DowntimeBook& book) {
    for (sla::Downtime& downtime : *downtimes) {
      const auto origin = sla::DowntimeBook::Origin::of_api(downtime.uid);
      book.replace(origin, {.downtimes = {std::move(downtime)}, .refused = {}});
    }
  });
  return tables.table.with(
      [&](sla::SlaTable& table) { return read_sla(database, table, WallClock::now()); });
}

}  // namespace

Result<std::unique_ptr<Persistence>> Persistence::open(const Owner& owner,
                                                       const std::string& path) {
  auto database = store::Connection::open(path);
  if (!database) return database.error();
  if (auto migrated = update_schema(*database); !migrated) return migrated.error();
  auto key = stored_mesh_key(*database);
  if (!key) return key.error().within(path);
  std::vector<RestoredAgent> agents;
  auto restored = owner.agents.with([&](AgentTable& table) {
    auto result = restore_agents(*database, table, agents, owner.log);
    return result ? restore_series(*database, table) : std::move(result);
  });
  if (!restored) return restored.error().within("restore from " + path);
  owner.mesh.with([&](mesh::Mesh& mesh) {
    for (const RestoredAgent& agent : agents) {
      mesh.restore({.name = agent.name, .node = agent.node}, *agent.report);
    }
    mesh.assigner.use_key(*std::move(key));
  });
  auto verdicts = read_verdicts(*database);
  if (!verdicts) return verdicts.error().within("restore from " + path);
  owner.verdicts.with(
      [&](VerdictBoard& board) { board.restore(*std::move(verdicts), WallClock::now()); });
  auto sla = restore_sla(*database, owner.sla);
  if (!sla) return sla.error().within("restore from " + path);
  return std::unique_ptr<Persistence>(new Persistence(owner, *std::move(database)));
}

Persistence::Persistence(const Owner& owner, store::Connection database)
    : owner_(owner),
      worker_(owner.loop, std::move(database), {}),
      timer_(owner.loop, [this] { write_changes(); }) {
  timer_.start_repeating(kPeriod);
  owner_.status.with([](StoreStatus& status) { status.enabled = true; });
}

Persistence::~Persistence() {
  // One last job, which the worker waits for. What is in flight goes along, since nobody would be
  // told any more if it failed.
  std::vector<Batch> rest;
  owner_.agents.with([](AgentTable& table) { table.put_back(); });
  owner_.verdicts.with([](VerdictBoard& board) { board.put_back(); });
  for (Batch more = take_batch(); !more.empty(); more = take_batch()) {
    rest.push_back(std::move(more));
  }
  const Log log = owner_.log;
  const bool accepted = worker_.submit(
      {.run =
           [rest = std::move(rest), log](store::Connection& database) {
             for (const Batch& batch : rest) {
               if (auto written = write(database, batch); !written) {
                 log.error("last reports lost", {{"error", written.error().message()}});
                 return written;
               }
             }
             return Result<void>();
           },
       .done = nullptr});
  static_cast<void>(accepted);
}

Persistence::Batch Persistence::take_batch() {
  return {
      .table = owner_.agents.with([](AgentTable& table) { return table.take_changes(kRowsMax); }),
      .verdicts = owner_.verdicts.with(
          [](VerdictBoard& board) { return board.take_changes(WallClock::now(), kRowsMax); })};
}

Result<void> Persistence::write(store::Connection& database, const Batch& batch) {
  if (auto written = write_table(database, batch.table); !written) return written;
  return write_verdicts(database, batch.verdicts);
}

void Persistence::write_changes() {
  if (writing_) return;
  in_flight_ = take_batch();
  if (in_flight_.empty()) return;
  writing_ = worker_.submit(
      {.run = [this](store::Connection& database) { return write(database, in_flight_); },
       .done = [this](const Result<void>& result) { on_written(result); }});
  if (!writing_) on_written(Error("as much as may be is to be written"));
}

void Persistence::on_written(const Result<void>& result) {
  writing_ = false;
  const Changes& table = in_flight_.table;
  const VerdictBoard::Changes& verdicts = in_flight_.verdicts;
  const std::size_t rows = table.agents.size() + table.series.size() + verdicts.records.size();
  const std::chrono::duration<double> commit = worker_.counters().last_commit;
  const std::string before = owner_.status.with([&](StoreStatus& status) {
    status.commit_seconds = commit.count();
    (result ? status.rows_written : status.writes_failed) += result ? rows : 1;
    return std::exchange(status.trouble, result ? "" : result.error().message());
  });
  if (!result) {
    owner_.agents.with([](AgentTable& held) { held.put_back(); });
    owner_.verdicts.with([](VerdictBoard& board) { board.put_back(); });
    if (before.empty()) {
      owner_.log.error("reports cannot be written; they are kept in memory and tried again",
                       {{"error", result.error().message()}});
    }
    return;
  }
  owner_.agents.with([&](AgentTable& held) { held.written(table); });
  owner_.verdicts.with([&](VerdictBoard& board) { board.written(verdicts); });
  if (!before.empty()) owner_.log.info("reports are written again");
  const bool more = table.agents.size() == kRowsMax || table.series.size() == kRowsMax ||
                    verdicts.records.size() + verdicts.gone.size() == kRowsMax;
  if (more) write_changes();
}

}  // namespace meshcheck::server
