#include "server/store/restore.h"

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

// The key of the mesh; made when it is first asked for.
Result<std::string> stored_mesh_key(store::Connection& database) {
  auto asked = database.prepare("SELECT value FROM setting WHERE name = ?");
  if (!asked) return asked.error();
  const auto row = asked->bind_all(kMeshKey).step();
  if (!row) return row.error();
  if (*row) {
    const auto bytes = asked->blob(0);
    auto key = std::string(bytes.begin(), bytes.end());
    asked->reset();
    if (key.size() >= kMeshKeySizeMin && key.size() <= kMeshKeySizeMax) return key;
    return Error("the mesh's key in the database is damaged; delete the row mesh_key of setting");
  }
  auto made = make_mesh_key();
  if (!made) return made;
  const std::string key = *std::move(made);
  auto insert = database.prepare("INSERT INTO setting VALUES (?, ?)");
  if (!insert) return insert.error();
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(key.data()), key.size());
  if (auto done = insert->bind_all(kMeshKey, bytes).run(); !done) return done.error();
  return key;
}

// What a stored report says of the mesh: where its agent is reached.
struct RestoredAgent {
  std::string name;
  std::string node;
  std::optional<mesh::ProbingReport> report;
};

// One line of the log for all rows of a table: there may be thousands.
class Unreadable {
 public:
  Unreadable(std::string_view rows, const Log& log) : rows_(rows), log_(log) {}
  ~Unreadable() {
    if (count_ == 0) return;
    log_.error("stored rows are not readable and were left out",
               {{"rows", rows_}, {"count", count_}, {"first", first_}});
  }
  Unreadable(const Unreadable&) = delete;
  Unreadable& operator=(const Unreadable&) = delete;

  OnUnreadable count() {
    return [this](const Error& error) {
      if (count_++ == 0) first_ = error.message();
    };
  }

 private:
  const std::string_view rows_;
  const Log& log_;
  std::size_t count_ = 0;
  std::string first_;
};

Result<void> restore_agents(store::Connection& database, AgentTable& table,
                            std::vector<RestoredAgent>& mesh, const OnUnreadable& on_unreadable) {
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
      on_unreadable(updated.error().within("agent " + name));
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

Result<void> restore_sla(store::Connection& database, SlaTables& tables, const Log& log) {
  Unreadable bad_downtimes("downtimes", log);
  auto downtimes = read_downtimes(database, bad_downtimes.count());
  if (!downtimes) return downtimes.error();
  tables.downtimes.with([&](sla::DowntimeTable& table) {
    for (sla::Downtime& downtime : *downtimes) {
      const auto origin = sla::DowntimeTable::Origin::of_api(downtime.uid);
      table.replace(origin, {.downtimes = {std::move(downtime)}, .refused = {}});
    }
  });
  Unreadable bad_days("days of the SLA", log);
  return tables.table.with([&](sla::SlaTable& table) {
    return read_sla(database, table, WallClock::now(), bad_days.count());
  });
}

}  // namespace

Result<store::Connection> open_database(const RestoredParts& parts, const std::string& path) {
  auto database = store::Connection::open(path);
  if (!database) return database.error();
  if (auto migrated = update_schema(*database); !migrated) return migrated.error();
  auto key = stored_mesh_key(*database);
  if (!key) return key.error().within(path);
  std::vector<RestoredAgent> agents;
  auto restored = parts.agents.with([&](AgentTable& table) {
    Unreadable bad_reports("reports", parts.log);
    auto result = restore_agents(*database, table, agents, bad_reports.count());
    return result ? restore_series(*database, table) : std::move(result);
  });
  if (!restored) return restored.error().within("restore from " + path);
  parts.mesh.with([&](mesh::Mesh& mesh) {
    for (const RestoredAgent& agent : agents) {
      mesh.restore({.name = agent.name, .node = agent.node}, *agent.report);
    }
    mesh.assigner.use_key(*std::move(key));
  });
  auto verdicts = read_verdicts(*database);
  if (!verdicts) return verdicts.error().within("restore from " + path);
  parts.verdicts.with([&](VerdictPublisher& publisher) {
    publisher.restore(*std::move(verdicts), WallClock::now());
  });
  auto sla = restore_sla(*database, parts.sla, parts.log);
  if (!sla) return sla.error().within("restore from " + path);
  return database;
}

}  // namespace meshcheck::server
