#include "server/mesh/mesh_config.h"

#include <utility>

#include "mesh/report/record.h"
#include "server/mesh/mesh_key.h"

namespace meshcheck::server {
namespace {

constexpr std::int64_t kDegreeMax = 200;
constexpr std::int64_t kFullMaxMax = 1000;
// An agent remembers so many probes of a path at least.
constexpr std::int64_t kTimeoutIntervalsMax = 50;

}  // namespace

void MeshConfig::add_to(flags::Flags& flags) {
  flags.add("mesh-degree", degree, {1, kDegreeMax},
            "peers that each node probes, where not everybody probes everybody");
  flags.add("mesh-full-max", full_max, {3, kFullMaxMax},
            "nodes up to which everybody probes everybody; at least 2.5 x -mesh-degree");
  flags.add("mesh-epoch", epoch_seconds, {10, 86'400},
            "seconds until each node gets other peers, where not everybody probes everybody");
  flags.add("mesh-key-file", key_file,
            "file with the mesh's key, 16 to 64 bytes or their hexadecimal digits; without it, "
            "one is made and kept in the database");
  flags.add("mesh-unauthenticated", unauthenticated, "probe without a key");
  flags.add("probe-interval", probe_interval_ms, {100, 60'000},
            "milliseconds between two probes of a path");
  flags.add("probe-timeout", probe_timeout_ms, {10, 60'000},
            "milliseconds after which a probe is lost");
  flags.add("report-interval", report_interval_seconds, {0, mesh::kReportIntervalMax},
            "seconds between two reports of our agents; 0 for each agent's own flag");
  flags.add("ping", target_texts.ping, "comma-separated hosts that all agents ping");
  flags.add("tcpPing", target_texts.tcp_ping,
            "comma-separated host:port that all agents connect to");
  flags.add("udpPing", target_texts.udp_ping,
            "comma-separated host:port that all agents send UDP to");
  flags.add("dns", target_texts.dns, "comma-separated names that all agents look up");
}

Result<void> MeshConfig::check() {
  if (2 * full_max < 5 * degree) {
    return Error("-mesh-full-max " + std::to_string(full_max) + " is too small for -mesh-degree " +
                 std::to_string(degree) + ": it has to be at least 2.5 times as much, " +
                 std::to_string((5 * degree + 1) / 2));
  }
  if (unauthenticated && !key_file.empty()) {
    return Error("-mesh-unauthenticated and -mesh-key-file: give one of them");
  }
  if (probe_timeout_ms > kTimeoutIntervalsMax * probe_interval_ms) {
    return Error("-probe-timeout " + std::to_string(probe_timeout_ms) +
                 " is too long for -probe-interval " + std::to_string(probe_interval_ms) +
                 ": at most " + std::to_string(kTimeoutIntervalsMax) + " times as much");
  }
  auto parsed = mesh::parse_targets(target_texts);
  if (!parsed) return parsed.error();
  targets = *std::move(parsed);
  return {};
}

mesh::Mesh::Options MeshConfig::options(double outdated_factor) const {
  const std::chrono::milliseconds interval(probe_interval_ms);
  mesh::Mesh::Options options;
  options.table.rules = {.outdated_factor = outdated_factor, .probe_interval = interval};
  options.assigner.neighbours.degree = static_cast<std::size_t>(degree);
  options.assigner.neighbours.full_mesh_max = static_cast<std::size_t>(full_max);
  options.assigner.epoch = std::chrono::seconds(epoch_seconds);
  options.assigner.probe = {.interval = interval,
                            .timeout = std::chrono::milliseconds(probe_timeout_ms)};
  options.assigner.report_interval = std::chrono::seconds(report_interval_seconds);
  options.assigner.targets = targets;
  options.assigner.began = Clock::now();
  return options;
}

Result<std::optional<std::string>> mesh_key_of(const MeshConfig& config) {
  if (config.unauthenticated) return std::optional<std::string>("");
  if (config.key_file.empty()) return std::optional<std::string>();
  auto key = read_mesh_key(config.key_file);
  if (!key) return key.error().within("-mesh-key-file");
  return std::optional<std::string>(*std::move(key));
}

}  // namespace meshcheck::server
