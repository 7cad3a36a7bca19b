#include "server/metrics.h"

#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <utility>

#include "lib/metrics/text_writer.h"
#include "server/agents/agent_metrics.h"
#include "server/cluster/cluster_metrics.h"
#include "server/mesh/mesh_metrics.h"
#include "server/sla/sla_metrics.h"
#include "server/verdicts/verdict_metrics.h"

namespace meshcheck::server {
namespace {

using CounterMember = std::atomic<std::uint64_t> http::Counters::*;

double sum(const std::vector<http::Counters>& threads, CounterMember member) {
  std::uint64_t total = 0;
  for (const http::Counters& counters : threads) total += counters.*member;
  return static_cast<double>(total);
}

void register_http_metrics(metrics::Registry& registry, Parts& parts) {
  const auto value = [&parts](CounterMember member) {
    return [&parts, member] { return sum(parts.http, member); };
  };
  using Counters = http::Counters;
  registry.add_gauge(
      {"meshcheck_http_connections", "Open connections.", value(&Counters::connections_open)});
  registry.add_counter({"meshcheck_http_connections_accepted_total", "Connections accepted.",
                        value(&Counters::connections_accepted)});
  registry.add_counter({"meshcheck_http_connections_refused_total",
                        "Connections turned away because -connections-max were open, or few "
                        "descriptors were left.",
                        value(&Counters::connections_refused)});
  registry.add_counter({"meshcheck_http_accept_failures_total",
                        "Connections that had to wait since there was no descriptor or no memory.",
                        value(&Counters::accept_failures)});
  registry.add_counter({"meshcheck_http_connections_timed_out_total",
                        "Connections ended because the client was idle or too slow.",
                        value(&Counters::connections_timed_out)});
  registry.add_gauge({"meshcheck_http_waiting_answers",
                      "Answers that go on as long as the client listens, as /api/v1/events.",
                      value(&Counters::waiting_open)});
  registry.add_counter({"meshcheck_http_waiting_answers_refused_total",
                        "Such answers refused because 100 of a network thread were open.",
                        value(&Counters::waiting_refused)});
  registry.add_counter({"meshcheck_http_handshakes_failed_total", "TLS handshakes that failed.",
                        value(&Counters::handshakes_failed)});
  registry.add_gauge({"meshcheck_http_memory_bytes",
                      "Bytes of bodies and answers that connections hold.",
                      [&parts] { return static_cast<double>(parts.memory.held()); }});
  registry.add_counter({"meshcheck_http_memory_refused_total",
                        "Bodies and answers refused because -connections-memory-max was held.",
                        value(&Counters::memory_refused)});
  registry.add_gauge({"meshcheck_http_parked_requests",
                      "Requests that wait until it is known who sent them.",
                      value(&Counters::parked_open)});
  registry.add_counter({"meshcheck_http_parked_requests_refused_total",
                        "Such requests refused because 1,000 of a network thread waited.",
                        value(&Counters::parked_refused)});
  registry.add_counter({"meshcheck_http_parked_requests_timed_out_total",
                        "Such requests that waited for 20 s and were refused.",
                        value(&Counters::parked_timed_out)});
  registry.add_counter({"meshcheck_http_requests_total", "Requests answered by a handler.",
                        value(&Counters::requests)});
  registry.add_counter({"meshcheck_http_responses_client_error_total", "Answers 400 to 499.",
                        value(&Counters::responses_4xx)});
  registry.add_counter({"meshcheck_http_responses_server_error_total", "Answers 500 to 599.",
                        value(&Counters::responses_5xx)});
  registry.add_counter({"meshcheck_http_received_bytes_total", "Bytes read from clients.",
                        value(&Counters::bytes_received)});
  registry.add_counter({"meshcheck_http_sent_bytes_total", "Bytes written to clients.",
                        value(&Counters::bytes_sent)});
}

void register_report_metrics(metrics::Registry& registry, Parts& parts) {
  registry.add_counter({"meshcheck_reports_refused_malformed_total",
                        "Reports refused because the body is not a report of that agent.",
                        [&parts] { return static_cast<double>(parts.reports_malformed); }});
  registry.add_counter({"meshcheck_inventory_reload_failures_total",
                        "Inventory files that could not be read; the one before stays in force.",
                        [&parts] { return static_cast<double>(parts.inventory_reload_failures); }});
  registry.add_counter({"meshcheck_server_stalls_total",
                        "How often the server itself did not run for more than a second.",
                        [&parts] { return static_cast<double>(parts.stalls); }});
  registry.add_gauge({"meshcheck_grid_changes",
                      "Changes of a pair's state that are remembered, for the mesh at a past time.",
                      [&parts] { return static_cast<double>(parts.grids.changes()); }});
}

void register_sla_metrics(metrics::Registry& registry, Parts& parts) {
  registry.add_counter({"meshcheck_sla_writes_failed_total",
                        "Transactions with episodes that failed; agents keep those and try again.",
                        [&parts] {
                          return parts.store.episodes.with([](const store::WriteStatus& status) {
                            return static_cast<double>(status.writes_failed);
                          });
                        }});
  registry.add_counter(
      {"meshcheck_downtime_file_failures_total",
       "Files of downtimes that could not be read; the one before stays in force.",
       [&parts] { return static_cast<double>(parts.sla.downtime_file_failures); }});
}

void register_history_metrics(metrics::Registry& registry, Parts& parts) {
  const auto value = [&parts](auto&& pick) {
    return [&parts, pick] { return static_cast<double>(parts.history.recent.with(pick)); };
  };
  using history::RecentHistory;
  registry.add_gauge({"meshcheck_history_series", "Nodes and layers that have graphs.",
                      value([](const RecentHistory& recent) { return recent.series(); })});
  registry.add_counter({"meshcheck_history_points_left_out_total",
                        "Points of nodes and layers beyond -history-series-max.",
                        value([](const RecentHistory& recent) { return recent.left_out(); })});
  const auto of_trails = [&parts](auto&& pick) {
    return [&parts, pick] { return static_cast<double>(parts.history.trails.with(pick)); };
  };
  registry.add_gauge({"meshcheck_history_paths",
                      "Paths whose last five minutes are held, for verdicts that may name them.",
                      of_trails([](const VerdictTrails& trails) { return trails.paths; })});
  registry.add_counter({"meshcheck_history_paths_left_out_total",
                        "Samples of paths beyond 100,000, and verdicts beyond 256 at once.",
                        of_trails([](const VerdictTrails& trails) { return trails.left_out; })});
  registry.add_gauge({"meshcheck_history_bytes", "Bytes of points in the database, for graphs.",
                      [&parts] { return static_cast<double>(parts.history.bytes); }});
  registry.add_counter({"meshcheck_history_writes_failed_total",
                        "Transactions with minutes of graphs that failed; they are tried again.",
                        [&parts] {
                          return parts.store.history.with([](const store::WriteStatus& status) {
                            return static_cast<double>(status.writes_failed);
                          });
                        }});
}

void register_store_metrics(metrics::Registry& registry, Parts& parts) {
  const auto value = [&parts](auto&& pick) {
    return [&parts, pick] { return static_cast<double>(parts.store.reports.with(pick)); };
  };
  using Status = store::WriteStatus;
  registry.add_gauge({"meshcheck_store_up", "1 while the last write to the database went well.",
                      value([](const Status& status) { return status.trouble.empty() ? 1 : 0; })});
  registry.add_counter({"meshcheck_store_rows_written_total", "Rows written to the database.",
                        value([](const Status& status) { return status.rows_written; })});
  registry.add_counter({"meshcheck_store_writes_failed_total",
                        "Transactions that failed; their rows are tried again.",
                        value([](const Status& status) { return status.writes_failed; })});
  registry.add_counter({"meshcheck_store_written_anew_total",
                        "How often the database had been deleted, and was written anew.",
                        value([](const Status& status) { return status.written_anew; })});
  registry.add_gauge({"meshcheck_store_commit_seconds", "Duration of the last commit.",
                      value([](const Status& status) {
                        return std::chrono::duration<double>(status.commit).count();
                      })});
}

}  // namespace

void register_metrics(metrics::Registry& registry, Parts& parts) {
  prometheus::BuildGauge()
      .Name("meshcheck_build_info")
      .Help("Always 1; the label is the version.")
      .Register(registry.families())
      .Add({{"version", MESHCHECK_VERSION}})
      .Set(1);
  register_report_metrics(registry, parts);
  register_http_metrics(registry, parts);
  register_sla_metrics(registry, parts);
  register_history_metrics(registry, parts);
  const bool stored =
      parts.store.reports.with([](const store::WriteStatus& status) { return status.enabled; });
  if (stored) register_store_metrics(registry, parts);
}

void register_log_metrics(metrics::Registry& registry, const LogSink& sink) {
  registry.add_counter({"meshcheck_log_lines_dropped_total",
                        "Lines of the log dropped because nobody read those before.",
                        [&sink] { return static_cast<double>(sink.dropped()); }});
}

std::string metrics_text(Parts& parts, const metrics::Registry& registry) {
  const Now time = now();
  metrics::TextWriter writer;
  ConnectivityCheck check;
  const AgentTable::Counts counts = parts.agents.with([&](const AgentTable& table) {
    write_netchecker_metrics(table, writer);
    check = table.check(time);
    return table.counts();
  });
  write_agent_metrics(check, counts, writer);
  parts.cluster.with(
      [&](const ClusterStatus& status) { write_cluster_metrics(status, time.steady, writer); });
  parts.mesh.with([&](const mesh::Mesh& mesh) { write_mesh_metrics(mesh, writer, time); });
  parts.verdicts.with(
      [&](const VerdictPublisher& publisher) { write_verdict_metrics(publisher, writer); });
  parts.sla.table.with([&](const sla::SlaTable& sla) { write_sla_metrics(sla, writer); });
  parts.sla.downtimes.with(
      [&](const sla::DowntimeTable& table) { write_downtime_metrics(table, writer); });
  return writer.take() + registry.text();
}

}  // namespace meshcheck::server
