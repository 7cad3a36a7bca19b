#include "server/state.h"

#include <prometheus/gauge.h>
#include <prometheus/registry.h>

namespace meshcheck::server {
namespace {

using CounterMember = std::atomic<std::uint64_t> http::Counters::*;

double sum(const std::vector<http::Counters>& threads, CounterMember member) {
  std::uint64_t total = 0;
  for (const http::Counters& counters : threads) total += counters.*member;
  return static_cast<double>(total);
}

void register_http_metrics(metrics::Registry& registry, State& state) {
  const auto value = [&state](CounterMember member) {
    return [&state, member] { return sum(state.http, member); };
  };
  using Counters = http::Counters;
  registry.add_gauge(
      {"meshcheck_http_connections", "Open connections.", value(&Counters::connections_open)});
  registry.add_counter({"meshcheck_http_connections_accepted_total", "Connections accepted.",
                        value(&Counters::connections_accepted)});
  registry.add_counter({"meshcheck_http_connections_refused_total",
                        "Connections turned away because -connections-max were open.",
                        value(&Counters::connections_refused)});
  registry.add_counter({"meshcheck_http_connections_timed_out_total",
                        "Connections ended because the client was idle or too slow.",
                        value(&Counters::connections_timed_out)});
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

void register_agent_metrics(metrics::Registry& registry, State& state) {
  const auto check = [&state](auto&& pick) {
    return [&state, pick] {
      return static_cast<double>(state.table.with([&](const AgentTable& table) {
        return pick(table.check({.wall = {}, .steady = Clock::now()}));
      }));
    };
  };
  const auto count = [&state](auto member) {
    return [&state, member] {
      return static_cast<double>(
          state.table.with([](const AgentTable& table) { return table.counts(); }).*member);
    };
  };
  using Counts = AgentTable::Counts;
  registry.add_gauge({"meshcheck_agents_expected", "Agents that should report.",
                      check([](const Check& result) { return result.expected; })});
  registry.add_gauge({"meshcheck_agents_absent", "Expected agents that have not reported.",
                      check([](const Check& result) { return result.absent.size(); })});
  registry.add_gauge({"meshcheck_agents_outdated", "Expected agents whose last report is too old.",
                      check([](const Check& result) { return result.outdated.size(); })});
  registry.add_gauge(
      {"meshcheck_agents_held", "Agents whose last report is held.", count(&Counts::agents)});
  registry.add_counter({"meshcheck_reports_total", "Reports stored.", count(&Counts::reports)});
  registry.add_counter({"meshcheck_reports_refused_full_total",
                        "Reports of new agents refused because -agents-max are held.",
                        count(&Counts::refused_full)});
  registry.add_counter({"meshcheck_reports_refused_not_in_inventory_total",
                        "Reports refused because the inventory does not name the agent.",
                        count(&Counts::refused_not_in_inventory)});
  registry.add_counter({"meshcheck_reports_refused_malformed_total",
                        "Reports refused because the body is not a report of that agent.",
                        [&state] { return static_cast<double>(state.reports_malformed); }});
  registry.add_counter({"meshcheck_inventory_reload_failures_total",
                        "Inventory files that could not be read; the one before stays in force.",
                        [&state] { return static_cast<double>(state.inventory_reload_failures); }});
}

void register_store_metrics(metrics::Registry& registry, State& state) {
  const auto value = [&state](auto&& pick) {
    return [&state, pick] { return static_cast<double>(state.store.with(pick)); };
  };
  registry.add_gauge(
      {"meshcheck_store_up", "1 while the last write to the database went well.",
       value([](const StoreStatus& status) { return status.trouble.empty() ? 1 : 0; })});
  registry.add_counter({"meshcheck_store_rows_written_total", "Rows written to the database.",
                        value([](const StoreStatus& status) { return status.rows_written; })});
  registry.add_counter({"meshcheck_store_writes_failed_total",
                        "Transactions that failed; their rows are tried again.",
                        value([](const StoreStatus& status) { return status.writes_failed; })});
  registry.add_gauge({"meshcheck_store_commit_seconds", "Duration of the last commit.",
                      value([](const StoreStatus& status) { return status.commit_seconds; })});
}

}  // namespace

void register_metrics(metrics::Registry& registry, State& state) {
  prometheus::BuildGauge()
      .Name("meshcheck_build_info")
      .Help("Always 1; the label is the version.")
      .Register(registry.families())
      .Add({{"version", MESHCHECK_VERSION}})
      .Set(1);
  register_agent_metrics(registry, state);
  register_http_metrics(registry, state);
  const bool stored = state.store.with([](const StoreStatus& status) { return status.enabled; });
  if (stored) register_store_metrics(registry, state);
}

}  // namespace meshcheck::server
