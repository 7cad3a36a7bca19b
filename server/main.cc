// meshcheck-server: who is expected, who has reported, and who is missing.
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "lib/uv/signal.h"
#include "server/agents/inventory_watcher.h"
#include "server/auth/auth.h"
#include "server/cluster/cluster_watcher.h"
#include "server/cluster/rescheduler.h"
#include "server/config.h"
#include "server/mesh/mesh_key.h"
#include "server/network_thread.h"
#include "server/sla/sla.h"
#include "server/store/persistence.h"
#include "server/verdicts/verdict_evaluator.h"

namespace meshcheck::server {
namespace {

constexpr std::chrono::seconds kDrainPatience{5};

// Every connection is a descriptor; the soft limit is often 1,024 for programs that use select().
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

using NetworkThreads = std::vector<std::unique_ptr<NetworkThread>>;

struct Shared {
  State& state;
  const metrics::Registry& registry;
  Auth& auth;
  SlaDesk* desk;
};

Result<void> listen(const Config& config, const Shared& shared, const Log& log,
                    NetworkThreads& threads) {
  const auto count = static_cast<std::size_t>(config.threads);
  NetworkThread::Options options{.endpoint = config.endpoint};
  options.http.limits.body_size_max = static_cast<std::size_t>(config.body_size_max);
  options.http.connections_max =
      std::max<std::size_t>(1, static_cast<std::size_t>(config.connections_max) / count);
  options.http.reuse_port = count > 1;
  options.http.tls = shared.auth.credentials->tls();
  options.auth = config.auth.guards() ? &*shared.auth.state : nullptr;
  options.desk = shared.desk;
  options.kube = shared.auth.kubernetes ? &*shared.auth.kubernetes : nullptr;
  for (options.index = 0; options.index < count; ++options.index) {
    auto thread = NetworkThread::listen(shared.state, shared.registry, options, log);
    if (!thread) return thread.error();
    // Port 0 is the kernel's choice once, and the same for all.
    options.endpoint = (*thread)->local();
    threads.push_back(*std::move(thread));
  }
  return {};
}

int fail(const Log& log, const Error& error) {
  log.error("cannot start", {{"error", error.message()}});
  return 1;
}

// What the flags say comes before what the database has; without either the key is a new one.
Result<void> use_mesh_key(const Config& config, State& state) {
  auto key = mesh_key_of(config.mesh);
  if (!key) return key.error();
  if (!*key) {
    if (!config.database.empty()) return {};
    auto made = make_mesh_key();
    if (!made) return made.error();
    *key = *std::move(made);
  }
  state.mesh.with([&](mesh::Mesh& mesh) { mesh.assigner.use_key(**std::move(key)); });
  return {};
}

void read_again(Credentials& credentials, std::optional<InventoryWatcher>& inventory, Sla& sla,
                const Log& log) {
  credentials.reload();
  if (inventory) inventory->reload();
  if (!sla.reload() && !inventory && !credentials.has_files()) {
    log.info("nothing to read again: there is no -inventory, -downtimes, certificate or token");
  }
}

// Null without -kubeproxyinit.
Result<std::unique_ptr<ClusterWatcher>> follow_cluster(uv::Loop& loop, const Config& config,
                                                       State& state, const Log& log) {
  if (!config.cluster.enabled) return std::unique_ptr<ClusterWatcher>();
  return ClusterWatcher::start(loop, config.kubeconfig, config.cluster, state, log);
}

// Null without -reschedule. `cluster` outlives it.
Result<std::unique_ptr<Rescheduler>> move_pods(uv::Loop& loop, const Config& config,
                                               const ClusterWatcher* cluster, const Log& log) {
  if (config.moving.selector.empty()) return std::unique_ptr<Rescheduler>();
  return Rescheduler::start({loop, [cluster] { return cluster->cluster().homes(); }, log},
                            config.kubeconfig, config.moving);
}

VerdictBoard::Options board_options(const Config& config) {
  return {.closed_max = static_cast<std::size_t>(config.verdicts_kept),
          .age_max = std::chrono::hours(24 * config.verdict_days),
          .track_changes = !config.database.empty()};
}

// Until somebody ends it.
void serve(uv::Loop& loop, NetworkThreads& threads, const Log& log) {
  for (const auto& thread : threads) thread->start();
  log.info("listening", {{"endpoint", threads.front()->local().text()},
                         {"threads", threads.size()},
                         {"version", MESHCHECK_VERSION}});
  loop.run();
  for (const auto& thread : threads) thread->drain(kDrainPatience);
  for (const auto& thread : threads) thread->join();
  threads.clear();  // They use what is made after them.
}

int run(const Config& config, const Log& log) {
  const mesh::Mesh::Options mesh_options = config.mesh.options(config.outdated_factor);
  State state({.agents_max = static_cast<std::size_t>(config.agents_max),
               .outdated_factor = config.outdated_factor,
               .track_changes = !config.database.empty()},
              static_cast<std::size_t>(config.threads), mesh_options, board_options(config),
              Sla::table_options(config));
  state.verdicts_fail_check = config.verdicts_fail_check;
  state.mesh_needs_principal = config.auth.report_mode != AuthMode::kNone;
  state.principals_are_pods = config.auth.report_mode == AuthMode::kKubernetes;
  uv::Loop loop;
  NetworkThreads threads;

  std::unique_ptr<Persistence> persistence;
  if (!config.database.empty()) {
    auto opened = Persistence::open(loop, config.database, state, log);
    if (!opened) return fail(log, opened.error().within("-db"));
    persistence = *std::move(opened);
  }
  if (auto keyed = use_mesh_key(config, state); !keyed) return fail(log, keyed.error());
  metrics::Registry registry;
  register_metrics(registry, state);
  std::optional<InventoryWatcher> inventory;
  if (!config.inventory.empty()) {
    auto read = read_inventory(config.inventory);
    if (!read) return fail(log, read.error());
    set_inventory(state, *std::move(read));
    inventory.emplace(loop, config.inventory, state, log);
  }
  auto cluster = follow_cluster(loop, config, state, log);
  if (!cluster) return fail(log, cluster.error().within("-kubeproxyinit"));
  auto rescheduler = move_pods(loop, config, cluster->get(), log);
  if (!rescheduler) return fail(log, rescheduler.error().within("-reschedule"));
  const auto auth = Auth::load(loop, config, registry, log);
  if (!auth) return fail(log, auth.error());
  const auto bring = [&threads](const Asker& asker, http::Response response) {
    threads[asker.thread]->answer(asker.ticket, std::move(response));
  };
  const auto sla = Sla::start({loop, state, log}, config, persistence.get(), bring);
  if (!sla) return fail(log, sla.error());
  const Shared shared{state, registry, **auth, (*sla)->desk()};
  if (auto listens = listen(config, shared, log, threads); !listens) {
    return fail(log, listens.error().within("-endpoint"));
  }

  uv::Timer missed_reports(loop, [&] {
    const Now time = now();
    state.table.with([&](AgentTable& table) { table.count_missed_reports(time); });
    pass_on_departures(state);
    drop_strays(state);
  });
  missed_reports.start_repeating(std::chrono::seconds(config.check_interval_seconds));
  VerdictEvaluator evaluator(
      state, {.rules = mesh_options.table.rules, .began = mesh_options.assigner.began}, log, [&] {
        for (const auto& thread : threads) thread->wake();
      });
  uv::Timer evaluation(loop, [&] { evaluator.evaluate(now()); });
  evaluation.start_repeating(VerdictEvaluator::kPeriod);
  const auto stop = [&] {
    log.info("stopping");
    state.draining = true;
    loop.stop();
  };
  const uv::Signal terminate(loop, SIGTERM, stop);
  const uv::Signal interrupt(loop, SIGINT, stop);
  const uv::Signal hang_up(loop, SIGHUP,
                           [&] { read_again(*(*auth)->credentials, inventory, **sla, log); });

  serve(loop, threads, log);
  return 0;
}

}  // namespace
}  // namespace meshcheck::server

int main(int argc, char** argv) {
  using namespace meshcheck::server;
  Config config;
  if (const auto exit = parse_config(argc, argv, config)) {
    std::fputs(exit->text.c_str(), exit->code == 0 ? stdout : stderr);
    return exit->code;
  }
  const meshcheck::Log log = config.log.log();
  for (const std::string& flag : config.ignored) {
    log.warning("flag of netchecker without effect", {{"flag", flag}});
  }
  umask(077);  // The database holds the mesh's key.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // A file-size limit is a full disk, and not the end.
  raise_descriptor_limit();
  return run(config, log);
}
