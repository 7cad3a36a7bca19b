#include "server/agents/agent_metrics.h"

namespace meshcheck::server {

void write_netchecker_metrics(const AgentTable& table, metrics::Sink& sink) {
  using Type = metrics::Sink::Type;
  using Series = AgentSeries::View;
  const auto write_counter = [&](std::string_view name, std::string_view help,
                                 std::uint64_t Series::*value) {
    sink.family(name, Type::kCounter, help);
    table.visit_series([&](const Series& series) {
      sink.sample({{"agent", series.label}}, static_cast<double>(series.*value));
    });
  };
  const auto write_gauge = [&](std::string_view name, std::string_view help,
                               std::int64_t mesh::HttpProbe::*value) {
    sink.family(name, Type::kGauge, help);
    table.visit_series([&](const Series& series) {
      for (const mesh::HttpProbe& probe : series.probes) {
        sink.sample({{"agent", series.label}, {"url", probe.url}},
                    static_cast<double>(probe.*value));
      }
    });
  };
  write_counter("ncagent_report_count_total",
                "Total number of reports (keepalive messages) from the agent.", &Series::reports);
  write_counter("ncagent_error_count_total",
                "Total number of errors (keepalive miss count) for the agent.", &Series::errors);
  write_gauge("ncagent_http_probe_connection_result", "Connection result: 0 - error, 1 - success",
              &mesh::HttpProbe::connection_result);
  write_gauge("ncagent_http_probe_code", "HTTP status code.", &mesh::HttpProbe::http_code);
  write_gauge("ncagent_http_probe_total_time_ms", "The total duration of http request.",
              &mesh::HttpProbe::total_ms);
  write_gauge(
      "ncagent_http_probe_content_transfer_time_ms",
      "The duration of content transfer, from the first response byte till the end (in ms).",
      &mesh::HttpProbe::content_transfer_ms);
  write_gauge("ncagent_http_probe_tcp_connection_time_ms", "TCP establishing time in ms.",
              &mesh::HttpProbe::tcp_connection_ms);
  write_gauge("ncagent_http_probe_dns_lookup_time_ms", "DNS lookup time in ms.",
              &mesh::HttpProbe::dns_lookup_ms);
  write_gauge("ncagent_http_probe_connect_time_ms", "Connection time in ms",
              &mesh::HttpProbe::connect_ms);
  write_gauge("ncagent_http_probe_server_processing_time_ms", "Server processing time in ms.",
              &mesh::HttpProbe::server_processing_ms);
}

void write_agent_metrics(const ConnectivityCheck& check, const AgentTable::Counts& counts,
                         metrics::Sink& sink) {
  using Type = metrics::Sink::Type;
  const auto write = [&](std::string_view name, Type type, std::string_view help, auto value) {
    sink.family(name, type, help);
    sink.sample({}, static_cast<double>(value));
  };
  write("meshcheck_agents_expected", Type::kGauge, "Agents that should report.", check.expected);
  write("meshcheck_agents_absent", Type::kGauge, "Expected agents that have not reported.",
        check.absent.size());
  write("meshcheck_agents_outdated", Type::kGauge, "Expected agents whose last report is too old.",
        check.outdated.size());
  write("meshcheck_agents_awaited", Type::kGauge,
        "Agents' pods so new that they need not have reported yet.", check.awaited);
  write("meshcheck_agents_excused", Type::kGauge,
        "Silent agents on nodes that are cordoned or being taken away.", check.excused.size());
  write("meshcheck_agents_held", Type::kGauge, "Agents whose last report is held.", counts.agents);
  write("meshcheck_agents_unlisted", Type::kGauge,
        "Agents that report while Kubernetes does not list their pods.", counts.unlisted);
  write("meshcheck_reports_total", Type::kCounter, "Reports stored.", counts.reports);
  write("meshcheck_reports_refused_full_total", Type::kCounter,
        "Reports of new agents refused because -agents-max are held.", counts.refused_full);
  write("meshcheck_reports_refused_not_in_inventory_total", Type::kCounter,
        "Reports refused because the inventory or Kubernetes does not name the agent.",
        counts.refused_not_in_inventory);
}

}  // namespace meshcheck::server
