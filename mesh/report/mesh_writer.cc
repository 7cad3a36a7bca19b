#include "mesh/report/mesh_writer.h"

#include <algorithm>

#include "lib/base/json_writer.h"

namespace meshcheck::mesh {
namespace {

// Bounds in bytes of what has no other; with those of report.cc and the agent's of its probes' URLs
// a report stays below kRecordSizeMax.
constexpr std::size_t kLinksSizeMax = 12 * 1024;
constexpr std::size_t kGatewaysSizeMax = 2 * 1024;
constexpr std::size_t kRoutesSizeMax = 10 * 1024;
constexpr std::size_t kPathsSizeMax = 256 * 1024;
constexpr std::size_t kHeardSizeMax = 48 * 1024;
constexpr std::size_t kPmtusSizeMax = 256 * 1024;
constexpr std::size_t kCachedMtusSizeMax = 4 * 1024;
constexpr std::size_t kPingsSizeMax = 8 * 1024;

void append_link(std::string& out, const ReportLink& link) {
  out += '{';
  append_json_member(out, "name", link.name);
  append_json_number(out, "index", link.index);
  append_json_member(out, "kind", link.kind);
  if (!link.underlay.empty()) append_json_member(out, "underlay", link.underlay);
  append_json_number(out, "mtu", link.mtu);
  append_json_member(out, "state", link.state);
  append_json_flag(out, "carrier", link.carrier);
  append_json_flag(out, "tso", link.tso);
  append_json_flag(out, "gso", link.gso);
  append_json_flag(out, "gro", link.gro);
  append_json_key(out, "addresses");
  append_json_texts(out, link.addresses, {kReportLinkAddressesMax, kLinksSizeMax});
  if (link.addresses.size() > kReportLinkAddressesMax) {
    append_json_number(out, "addresses_total", link.addresses.size());
  }
  if (const auto& counters = link.counters) {
    append_json_number(out, "rx_bytes", counters->rx_bytes);
    append_json_number(out, "tx_bytes", counters->tx_bytes);
    append_json_number(out, "rx_packets", counters->rx_packets);
    append_json_number(out, "tx_packets", counters->tx_packets);
    append_json_number(out, "rx_errors", counters->rx_errors);
    append_json_number(out, "tx_errors", counters->tx_errors);
    append_json_number(out, "rx_dropped", counters->rx_dropped);
    append_json_number(out, "tx_dropped", counters->tx_dropped);
    append_json_number(out, "carrier_changes", counters->carrier_changes);
  }
  out += '}';
}

void append_gateway(std::string& out, const ReportGateway& gateway) {
  out += '{';
  append_json_member(out, "address", gateway.address);
  append_json_member(out, "link", gateway.link);
  append_json_member(out, "family", gateway.family);
  append_json_member(out, "neighbour", gateway.neighbour);
  out += '}';
}

void append_route(std::string& out, const ReportRoute& route) {
  out += '{';
  append_json_member(out, "destination", route.destination);
  append_json_member(out, "type", route.type);
  if (!route.gateway.empty()) append_json_member(out, "gateway", route.gateway);
  append_json_member(out, "link", route.link);
  append_json_number(out, "metric", route.metric);
  if (route.mtu != 0) append_json_number(out, "mtu", route.mtu);
  out += '}';
}

void append_history(std::string& out, const ReportHistory& history) {
  append_json_key(out, "reports");
  out += '{';
  append_json_number(out, "sent", history.sent);
  append_json_number(out, "failed", history.failed);
  append_json_number(out, "retried", history.retried);
  append_json_member(out, "last_error",
                     std::string_view(history.last_error).substr(0, kReportErrorSizeMax));
  out += '}';
}

void append_totals(std::string& out, const PathTotals& totals) {
  append_json_key(out, "totals");
  out += '{';
  for (const PathCount& count : kPathCounts)
    append_json_number(out, count.name, totals.*count.value);
  out += '}';
}

template <typename Numbers>
void append_numbers(std::string& out, std::string_view key, const Numbers& numbers) {
  append_json_list(out, key, numbers, {numbers.size(), kPathsSizeMax},
                   [&](std::uint64_t number) { out += std::to_string(number); });
}

void append_probing(std::string& out, const ProbingReport& probing) {
  append_json_key(out, "probing");
  out += '{';
  append_json_list(out, "addresses", probing.addresses, {2, 1024},
                   [&](const IpAddress& address) { append_json_string(out, address.text()); });
  append_numbers(out, "link_mtus", probing.link_mtus);
  append_json_member(out, "tunnel", probing.tunnel);
  append_json_number(out, "port", probing.port);
  append_json_number(out, "ssid", probing.ssid);
  append_json_member(out, "assignment", probing.assignment);
  append_json_member(out, "clock", probing.clock);
  append_json_member(out, "icmp", std::string_view(probing.icmp).substr(0, kReportErrorSizeMax));
  append_json_number(out, "starved", probing.starved);
  append_json_number(out, "receive_drops", probing.receive_drops);
  append_totals(out, probing.totals);
  append_json_key(out, "rtt");
  out += '{';
  append_numbers(out, "bounds_us", RttHistogram::kBoundsUs);
  append_numbers(out, "counts", probing.round_trips.counts);
  append_json_number(out, "sum_us", probing.round_trips.sum_us);
  out += "}}";
}

void append_cell(std::string& out, std::string_view text) {
  append_json_string(out += ',', text);
}

void append_cell(std::string& out, std::uint64_t number) {
  out += ',';
  out += std::to_string(number);
}

template <typename Period>
void append_cell(std::string& out, std::chrono::duration<std::int64_t, Period> time) {
  append_cell(out, static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)));
}

template <typename Value>
void append_cell(std::string& out, const std::optional<Value>& value) {
  if (value) {
    append_cell(out, *value);
  } else {
    out += ",null";
  }
}

std::chrono::milliseconds milliseconds(Clock::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

std::optional<std::chrono::milliseconds> milliseconds(const std::optional<Clock::duration>& time) {
  return time ? std::optional(milliseconds(*time)) : std::nullopt;
}

struct TableName {
  std::string_view key;
  std::size_t size_max = 0;  // Bytes of its rows.
};

// `"key":{"columns":[...],"rows":[...]},"key_total":N`
template <typename Columns, typename Rows, typename AppendRow>
void append_table(std::string& out, TableName table, const Columns& columns, const Rows& rows,
                  AppendRow&& append_row) {
  append_json_key(out, table.key);
  out += '{';
  append_json_list(out, "columns", columns, {columns.size(), 1024},
                   [&](std::string_view column) { append_json_string(out, column); });
  append_json_list(out, "rows", rows, {kReportPathsMax, table.size_max},
                   [&](const auto& row) { append_row(out, row); });
  out += '}';
  append_json_number(out, std::string(table.key) + "_total", rows.size());
}

// In the order of kPathColumns.
void append_path(std::string& out, const ReportPath& path) {
  using RoundTrips = PathSummary::RoundTrips;
  const PathSummary& summary = path.summary;
  const auto quantile = [&](std::chrono::microseconds RoundTrips::*member) {
    return summary.round_trips ? std::optional((*summary.round_trips).*member) : std::nullopt;
  };
  out += '[';
  append_json_string(out, path.to);
  append_cell(out, text(path.relation));
  append_cell(out, text(path.kind));
  append_cell(out, text(path.family));
  append_cell(out, text(summary.state));
  append_cell(out, summary.state_age);
  append_cell(out, summary.answer_age);
  for (const std::uint32_t count :
       {summary.sent, summary.lost, summary.lost_forward, summary.lost_backward, summary.late,
        summary.duplicated, summary.reordered}) {
    append_cell(out, count);
  }
  append_cell(out, quantile(&RoundTrips::p50));
  append_cell(out, quantile(&RoundTrips::p90));
  append_cell(out, quantile(&RoundTrips::p99));
  append_cell(out, quantile(&RoundTrips::max));
  append_cell(out, summary.jitter_forward);
  append_cell(out, summary.jitter_backward);
  append_cell(out, std::string_view(summary.error).substr(0, kReportPathErrorSizeMax));
  append_cell(out, text(path.cross_check));
  out += ']';
}

void append_heard(std::string& out, const ProbingReport& probing) {
  append_json_list(out, "heard", probing.heard, {kReportHeardMax, kHeardSizeMax},
                   [&](const Heard& heard) {
                     append_json_string(out += '[', heard.address.text());
                     append_cell(out, heard.ssid);
                     append_cell(out, heard.age);
                     out += ']';
                   });
  append_json_number(out, "heard_total", probing.heard.size());
}

// In the order of kPmtuColumns.
void append_pmtu(std::string& out, const ReportPmtu& mtu) {
  out += '[';
  append_json_string(out, mtu.to);
  append_cell(out, text(mtu.relation));
  append_cell(out, text(mtu.family));
  for (const PathMtu::Result& way : mtu.ways) {
    append_cell(out, text(way.fragmentation_class));
    append_cell(out, milliseconds(way.class_age));
    append_cell(out, way.size);
    append_cell(out, way.link_mtu);
    append_cell(out, milliseconds(way.confirmed_age));
    append_cell(out, text(way.fragments));
  }
  if (const auto& too_big = mtu.ways.front().too_big) {
    append_cell(out, too_big->mtu);
    append_cell(out, too_big->reporter ? too_big->reporter->text() : std::string());
    append_cell(out, milliseconds(too_big->age));
  } else {
    out += ",null,null,null";
  }
  append_cell(out, text(mtu.icmp_fragments));
  out += ']';
}

void append_padding(std::string& out, std::string_view key, const ReportPadding& padding) {
  append_json_key(out, key);
  out += '{';
  append_json_number(out, "requested", padding.requested);
  append_json_number(out, "delivered", padding.delivered);
  append_json_key(out, "lost_ms");
  out += padding.lost_for ? std::to_string(padding.lost_for->count()) : "null";
  append_json_member(out, "stage", text(padding.stage));
  out += '}';
}

void append_ping(std::string& out, const PingResult& ping) {
  out += '{';
  append_json_number(out, "id", ping.id);
  append_json_list(
      out, "round_trips_us", ping.round_trips, {kPingCountMax, kPingsSizeMax},
      [&](const auto& time) { out += time ? std::to_string(time->count()) : std::string("null"); });
  append_json_number(out, "lost_forward", ping.lost_forward);
  append_json_number(out, "lost_backward", ping.lost_backward);
  append_json_member(out, "error", std::string_view(ping.error).substr(0, kPingErrorSizeMax));
  out += '}';
}

// What explains a problem with sizes.
void append_pmtu_facts(std::string& out, const MeshSection& mesh) {
  append_json_list(out, "cached_mtus", mesh.cached_mtus, {kReportCachedMtusMax, kCachedMtusSizeMax},
                   [&](const ReportCachedMtu& cached) {
                     out += '{';
                     append_json_member(out, "destination", cached.destination);
                     append_json_number(out, "mtu", cached.mtu);
                     if (cached.expires_in) {
                       append_json_number(out, "expires_ms",
                                          static_cast<std::uint64_t>(cached.expires_in->count()));
                     }
                     out += '}';
                   });
  append_json_number(out, "cached_mtus_total", mesh.cached_mtus.size());
  append_json_key(out, "mtu_settings");
  out += '{';
  const ReportMtuSettings& settings = mesh.mtu_settings;
  if (settings.ip_no_pmtu_disc)
    append_json_number(out, "ip_no_pmtu_disc", *settings.ip_no_pmtu_disc);
  if (settings.tcp_mtu_probing)
    append_json_number(out, "tcp_mtu_probing", *settings.tcp_mtu_probing);
  out += '}';
  append_padding(out, "padding", mesh.probing.padding);
  append_padding(out, "padded_answer", mesh.probing.padded_answer);
  if (!mesh.tcp) return;
  append_json_key(out, "tcp");
  out += '{';
  append_json_number(out, "mss", mesh.tcp->mss);
  append_json_number(out, "pmtu", mesh.tcp->pmtu);
  append_json_number(out, "retransmits", mesh.tcp->retransmits);
  append_json_milliseconds(out, "rtt_ms", mesh.tcp->round_trip);
  out += '}';
}

}  // namespace

void append_mesh(std::string& out, const Report& report) {
  const MeshSection& mesh = report.mesh;
  append_json_key(out, "mesh");
  out += '{';
  append_json_number(out, "schema", 1);
  append_json_member(out, "version", MESHCHECK_VERSION);
  append_json_member(out, "layer", text(mesh.probing.layer));
  if (!mesh.boot_id.empty()) append_json_member(out, "boot_id", mesh.boot_id);
  append_json_number(
      out, "interval_ms",
      static_cast<std::uint64_t>(std::chrono::milliseconds(report.interval).count()));
  append_json_number(out, "agent_uptime_ms",
                     static_cast<std::uint64_t>(mesh.probing.agent_uptime.count()));
  if (mesh.probing.stopping) {
    append_json_key(out, "stopping");
    out += "true";
  }
  append_probing(out, mesh.probing);
  append_json_list(out, "links", mesh.links, {kReportLinksMax, kLinksSizeMax},
                   [&](const ReportLink& link) { append_link(out, link); });
  append_json_number(out, "links_total", mesh.links.size());
  append_json_list(out, "gateways", mesh.gateways, {kReportGatewaysMax, kGatewaysSizeMax},
                   [&](const ReportGateway& gateway) { append_gateway(out, gateway); });
  append_json_number(out, "gateways_total", mesh.gateways.size());
  if (mesh.routes) {
    append_json_list(out, "routes", *mesh.routes, {kReportRoutesMax, kRoutesSizeMax},
                     [&](const ReportRoute& route) { append_route(out, route); });
    append_json_number(out, "routes_total", mesh.routes->size() + mesh.routes_left_out);
  }
  append_json_number(out, "ips_total", report.ips.size());
  if (mesh.conntrack) {
    append_json_key(out, "conntrack");
    out += '{';
    append_json_number(out, "entries", mesh.conntrack->entries);
    append_json_number(out, "max", mesh.conntrack->max);
    out += '}';
  }
  append_json_key(out, "loop_lag_ms");
  out += '{';
  append_json_milliseconds(out, "max", mesh.loop_lag_max);
  append_json_milliseconds(out, "mean", mesh.loop_lag_mean);
  out += '}';
  append_history(out, mesh.history);
  append_pmtu_facts(out, mesh);
  append_table(out, {"paths", kPathsSizeMax}, kPathColumns, mesh.probing.paths, append_path);
  append_heard(out, mesh.probing);
  append_table(out, {"mtu", kPmtusSizeMax}, kPmtuColumns, mesh.probing.mtus, append_pmtu);
  if (mesh.probing.pings) {
    append_json_list(out, "pings", *mesh.probing.pings, {kPingsOfAgentMax, kPingsSizeMax},
                     [&](const PingResult& ping) { append_ping(out, ping); });
  }
  out += '}';
}

}  // namespace meshcheck::mesh
