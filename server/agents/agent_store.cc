#include "server/agents/agent_store.h"

#include <utility>

#include "mesh/report/record.h"

namespace meshcheck::server {
namespace {

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

}  // namespace

Result<void> write_agents(store::Connection& database, const Changes& changes) {
  for (const AgentChange& change : changes.agents) {
    if (auto written = write_agent(database, change); !written) return written;
  }
  for (const SeriesChange& change : changes.series) {
    if (auto written = write_series(database, change); !written) return written;
  }
  return {};
}

Result<void> restore_agents(store::Connection& database, AgentTable& table,
                            std::vector<RestoredAgent>& mesh,
                            const store::OnUnreadable& on_unreadable) {
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

}  // namespace meshcheck::server
