// The server's flags.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/ip_address.h"
#include "lib/flags/flags.h"
#include "lib/flags/log_flags.h"
#include "server/auth/auth_config.h"
#include "server/cluster/cluster_config.h"
#include "server/cluster/rescheduling_config.h"
#include "server/history/history_config.h"
#include "server/mesh/mesh_config.h"
#include "server/sla/sla_config.h"

namespace meshcheck::server {

struct Config {
  Endpoint endpoint;
  std::string inventory;  // Path; empty for none.
  std::string database;   // Path; empty for none.
  std::int64_t check_interval_seconds = 10;
  double outdated_factor = 2;
  std::int64_t agents_max = 20'000;
  std::int64_t body_size_max = 1024 * 1024;
  std::int64_t connections_max = 10'000;  // Over all threads.
  std::int64_t connections_memory_mib = 128;
  std::int64_t threads = 0;  // 0: one a core, at most four.
  bool verdicts_fail_check = true;
  std::int64_t verdicts_kept = 1000;
  std::int64_t verdict_days = 30;
  std::string dashboard_url;  // Of Grafana, for the page's links; empty for none.
  std::string kubeconfig;     // Path; empty for that of the environment, or the pod's files.
  AuthConfig auth;
  MeshConfig mesh;
  ClusterConfig cluster;
  ReschedulingConfig rescheduling;
  SlaConfig sla;
  HistoryConfig history;
  flags::LogFlags log;
  std::vector<std::string> ignored;  // Flags of netchecker that were given and have no effect.
};

// The flags of netchecker-server and ours. An Exit is for main to print and return.
std::optional<flags::Flags::Exit> parse_config(int argc, const char* const* argv, Config& config);

}  // namespace meshcheck::server
