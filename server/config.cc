#include "server/config.h"

#include <algorithm>
#include <string_view>
#include <thread>

namespace meshcheck::server {
namespace {

constexpr std::int64_t kThreadsMax = 64;
// Beyond this more loops only wait for each other's table.
constexpr std::int64_t kThreadsDefaultMax = 4;

flags::Flags::Exit refuse(const std::string& what) {
  return {.code = 2, .text = "meshcheck-server: " + what + "\n"};
}

constexpr std::size_t kDashboardUrlMax = 2048;

// The page makes a link of it, and a browser runs `javascript:`.
bool is_web_address(std::string_view url) {
  std::string_view rest = url;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (rest.substr(0, scheme.size()) == scheme) rest.remove_prefix(scheme.size());
  }
  return rest.size() < url.size() && url.size() <= kDashboardUrlMax && !rest.empty() &&
         rest.front() != '/' &&
         std::all_of(rest.begin(), rest.end(), [](char c) { return c > ' ' && c <= '~'; });
}

void add_limits(flags::Flags& flags, Config& config) {
  flags.add("agents-max", config.agents_max, {1, 1'000'000}, "agents held; more are answered 503");
  flags.add("body-max", config.body_size_max, {1024, 64 * 1024 * 1024},
            "bytes of a request's body; more are answered 413");
  flags.add("connections-max", config.connections_max, {1, 1'000'000},
            "open connections; more are answered 503");
  flags.add("connections-memory-max", config.connections_memory_mib, {8, 1024 * 1024},
            "MiB that bodies and answers of all connections take; more are answered 503");
  flags.add("threads", config.threads, {0, kThreadsMax},
            "network threads; 0 for one a core, at most 4");
}

}  // namespace

std::optional<flags::Flags::Exit> parse_config(int argc, const char* const* argv, Config& config) {
  flags::Flags flags("meshcheck-server",
                     "Collects the reports of meshcheck and netchecker agents and says who is "
                     "missing.");
  std::string endpoint = "0.0.0.0:8081";
  config.database = "meshcheck.db";
  flags.add("endpoint", endpoint, "address:port to listen on");
  flags.add("inventory", config.inventory,
            "YAML file of the agents that are expected; without it, those that reported within the "
            "last hour are");
  flags.add("db", config.database, "SQLite file for reports, counters and verdicts; \"\" for none");
  flags.add("check-interval", config.check_interval_seconds, {1, 3600},
            "seconds between counts of missed reports");
  flags.add("outdated-factor", config.outdated_factor, {1, 1000},
            "report intervals of silence after which an agent is outdated");
  add_limits(flags, config);
  flags.add("verdicts-fail-check", config.verdicts_fail_check,
            "connectivity_check is 400 while a verdict is critical; with false it is as "
            "netchecker's, and only lists verdicts");
  flags.add("verdicts-kept", config.verdicts_kept, {1, 100'000},
            "closed verdicts kept for ?since=, about 1.5 KB each");
  flags.add("verdict-days", config.verdict_days, {1, 3660}, "days for which they are kept");
  flags.add("dashboard-url", config.dashboard_url,
            "http(s) address of the Grafana dashboard, to which the page links");
  config.cluster.add_to(flags);
  config.rescheduling.add_to(flags);
  flags.add("kubeconfig", config.kubeconfig,
            "file that says where the Kubernetes API is; without it, $KUBECONFIG, else what a pod "
            "is given");
  config.auth.add_to(flags);
  config.mesh.add_to(flags);
  config.sla.add_to(flags);
  config.history.add_to(flags);
  flags::add_log_flags(flags, config.log);
  for (const char* name : {"report-ttl", "ping-timeout", "etcd-endpoints", "etcd-tree", "etcd-key",
                           "etcd-cert", "etcd-ca"}) {
    flags.add_ignored(name, true, "of netchecker's etcd store; no effect, see -db");
  }
  if (auto exit = flags.parse(argc, argv)) return exit;
  config.ignored = flags.used_ignored();
  // These two ask for what happens anyway, and every deployment of netchecker passes one.
  std::erase(config.ignored, "logtostderr");
  std::erase(config.ignored, "alsologtostderr");
  if (config.cluster.enabled && !config.inventory.empty()) {
    return refuse(
        "-kubeproxyinit and -inventory: give one of them; the expected agents are either those "
        "that Kubernetes runs or those of a file");
  }
  if (!config.rescheduling.selector.empty() && !config.cluster.enabled) {
    return refuse("-reschedule: the nodes have to be known; add -kubeproxyinit");
  }
  if (!config.dashboard_url.empty() && !is_web_address(config.dashboard_url)) {
    return refuse("-dashboard-url: an address that begins with http:// or https:// is expected");
  }
  if (config.rescheduling.lease.empty()) return refuse("-reschedule-lease: a Lease has a name");
  if (auto checked = config.cluster.check(); !checked) return refuse(checked.error().message());
  if (auto checked = config.auth.check(config.cluster.enabled); !checked) {
    return refuse(checked.error().message());
  }
  if (auto checked = config.mesh.check(); !checked) return refuse(checked.error().message());
  auto parsed = Endpoint::parse(endpoint);
  if (!parsed) return refuse("-endpoint: " + parsed.error().message());
  config.endpoint = *parsed;
  if (config.threads == 0) {
    const auto cores = static_cast<std::int64_t>(std::thread::hardware_concurrency());
    config.threads = std::clamp<std::int64_t>(cores, 1, kThreadsDefaultMax);
  }
  return std::nullopt;
}

}  // namespace meshcheck::server
