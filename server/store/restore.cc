#include "server/store/restore.h"

#include <utility>
#include <vector>

#include "server/agents/agent_store.h"
#include "server/mesh/mesh_key_store.h"
#include "server/sla/sla_store.h"
#include "server/store/schema.h"
#include "server/verdicts/verdict_store.h"

namespace meshcheck::server {
namespace {

Result<void> restore_sla(store::Connection& database, SlaTables& tables, const Log& log) {
  store::UnreadableRows bad_downtimes("downtimes", log);
  auto downtimes = read_downtimes(database, bad_downtimes.count());
  if (!downtimes) return downtimes.error();
  tables.downtimes.with([&](sla::DowntimeTable& table) {
    for (sla::Downtime& downtime : *downtimes) {
      const auto origin = sla::DowntimeTable::Origin::of_api(downtime.uid);
      table.replace(origin, {.downtimes = {std::move(downtime)}, .refused = {}});
    }
  });
  store::UnreadableRows bad_days("days of the SLA", log);
  return tables.table.with([&](sla::SlaTable& table) {
    return read_sla(database, table, WallClock::now(), bad_days.count());
  });
}

// It is no peer of others until its next report. They keep the assignment of before until then.
void forget_addresses(mesh::ProbingReport& report) {
  report.addresses.clear();
  report.link_mtus.clear();
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
    store::UnreadableRows bad_reports("reports", parts.log);
    auto result = restore_agents(*database, table, agents, bad_reports.count());
    return result ? restore_series(*database, table) : std::move(result);
  });
  if (!restored) return restored.error().within("restore from " + path);
  parts.mesh.with([&](mesh::Mesh& mesh) {
    for (RestoredAgent& agent : agents) {
      if (parts.principals_are_pods) forget_addresses(*agent.report);
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
