// meshcheck-server: the agents that are expected, that report and that are missing.
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "lib/base/log_sink.h"
#include "lib/uv/signal.h"
#include "server/agents/inventory_watcher.h"
#include "server/auth/auth.h"
#include "server/cluster/cluster_watcher.h"
#include "server/cluster/rescheduler.h"
#include "server/config.h"
#include "server/history/history.h"
#include "server/mesh/mesh_key.h"
#include "server/metrics.h"
#include "server/network_thread.h"
#include "server/sla/sla.h"
#include "server/store/persistence.h"
#include "server/store/restore.h"
#include "server/verdicts/verdict_evaluator.h"

namespace meshcheck::server {
namespace {

constexpr std::chrono::seconds kDrainPatience{5};

std::size_t descriptor_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

// Every connection is a descriptor; the soft limit is often 1,024 for programs that use select().
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

using NetworkThreads = std::vector<std::unique_ptr<NetworkThread>>;

struct Shared {
  Parts& parts;
  const metrics::Registry& registry;
  Auth& auth;
  SlaDatabase* sla;
};

Result<void> listen(const Config& config, const Shared& shared, const Log& log,
                    NetworkThreads& threads) {
  const auto count = static_cast<std::size_t>(config.threads);
  NetworkThread::Options options{.endpoint = config.endpoint};
  options.http.limits.body_size_max = static_cast<std::size_t>(config.body_size_max);
  options.http.spared_paths = {"/healthz", "/readyz"};
  options.http.descriptors_max = descriptor_limit();
  options.http.connections_max =
      std::max<std::size_t>(1, static_cast<std::size_t>(config.connections_max) / count);
  options.http.memory = &shared.parts.memory;
  options.http.reuse_port = count > 1;
  options.http.tls = shared.auth.credentials->tls();
  // A handshake costs far more than an answer.
  options.http.turned_away_max = options.http.tls == nullptr ? 100 : 10;
  options.auth = config.auth.guards() ? &*shared.auth.state : nullptr;
  options.sla = shared.sla;
  options.kube = shared.auth.kubernetes ? &*shared.auth.kubernetes : nullptr;
  for (options.index = 0; options.index < count; ++options.index) {
    auto thread = NetworkThread::listen(shared.parts, shared.registry, options, log);
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
Result<void> use_mesh_key(const Config& config, Parts& parts) {
  auto key = mesh_key_of(config.mesh);
  if (!key) return key.error();
  if (!*key) {
    if (!config.database.empty()) return {};
    auto made = make_mesh_key();
    if (!made) return made.error();
    *key = *std::move(made);
  }
  parts.mesh.with([&](mesh::Mesh& mesh) { mesh.assigner.use_key(**std::move(key)); });
  return {};
}

// Nothing without -inventory.
Result<void> follow_inventory(uv::Loop& loop, const Config& config, Parts& parts, const Log& log,
                              std::optional<InventoryWatcher>& inventory) {
  if (config.inventory.empty()) return {};
  auto read = read_inventory(config.inventory);
  if (!read) return read.error();
  parts.membership().set_inventory(*std::move(read));
  inventory.emplace(
      InventoryWatcher::Owner{loop, parts.membership(), parts.inventory_reload_failures, log},
      config.inventory);
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
                                                       Parts& parts, const Log& log) {
  if (!config.cluster.enabled) return std::unique_ptr<ClusterWatcher>();
  return ClusterWatcher::start({loop, parts.membership(), parts.cluster, log}, config.kubeconfig,
                               config.cluster);
}

// Null without -reschedule. `cluster` outlives it.
Result<std::unique_ptr<Rescheduler>> move_pods(uv::Loop& loop, const Config& config,
                                               const ClusterWatcher* cluster, const Log& log) {
  if (config.rescheduling.selector.empty()) return std::unique_ptr<Rescheduler>();
  return Rescheduler::start({loop, [cluster] { return cluster->cluster().homes(); }, log},
                            config.kubeconfig, config.rescheduling);
}

VerdictPublisher::Options publisher_options(const Config& config) {
  return {.closed_max = static_cast<std::size_t>(config.verdicts_kept),
          .age_max = std::chrono::hours(24 * config.verdict_days),
          .track_changes = !config.database.empty(),
          .began = config.database.empty() ? WallClock::now() : WallTime()};
}

Sla::Options sla_options(const Config& config) {
  return {.config = config.sla,
          .database = config.database,
          .kubeconfig = config.kubeconfig,
          .kubernetes = config.cluster.enabled,
          .origins_max = static_cast<std::size_t>(config.agents_max)};
}

Auth::Options auth_options(const Config& config) {
  return {.config = config.auth,
          .kubeconfig = config.kubeconfig,
          .agent_namespace = [cluster = config.cluster](const kube::Config& api) {
            return cluster.namespace_for(api);
          }};
}

verdict::ViewMaker::Options view_options(const mesh::Mesh::Options& mesh) {
  return {.rules = mesh.table.rules, .began = mesh.assigner.began};
}

Parts::Options parts_options(const Config& config) {
  return {.agents = {.agents_max = static_cast<std::size_t>(config.agents_max),
                     .outdated_factor = config.outdated_factor,
                     .track_changes = !config.database.empty()},
          .threads = static_cast<std::size_t>(config.threads),
          .memory_max = static_cast<std::size_t>(config.connections_memory_mib) << 20U,
          .mesh = config.mesh.options(config.outdated_factor),
          .verdicts = publisher_options(config),
          .sla = sla_options(config).table(),
          .sla_target = config.sla.target,
          .history_series_max = static_cast<std::size_t>(config.history.series_max),
          .verdicts_fail_check = config.verdicts_fail_check,
          .dashboard_url = config.dashboard_url,
          .mesh_needs_principal = config.auth.report_mode != AuthMode::kNone,
          .principals_are_pods = config.auth.report_mode == AuthMode::kKubernetes};
}

void wake_all(const NetworkThreads& threads) {
  for (const auto& thread : threads) thread->wake();
}

void follow_paths(History& history, const verdict::VerdictEvent& event) {
  using Type = verdict::VerdictEvent::Type;
  using Moment = history::Trail::Moment;
  if (event.type == Type::kChanged) return;
  history.follow(event.verdict.id, event.type == Type::kOpened ? Moment::kOpened : Moment::kClosed,
                 event.verdict.named.evidence);
}

void note_turn(Parts& parts, Now now, const Log& log) {
  const auto gap = parts.turned(now.steady);
  if (!gap) return;
  log.warning("the server did not run; who is silent is told after another report interval",
              {{"ms", std::chrono::duration_cast<std::chrono::milliseconds>(*gap).count()}});
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

// Who writes to the database; nobody without one. The writer outlives all that is given it.
struct Store {
  std::optional<store::Worker> writer;
  std::optional<Persistence> persistence;
};

Result<void> open_store(uv::Loop& loop, const Config& config, Parts& parts, const Log& log,
                        Store& store) {
  if (config.database.empty()) return {};
  auto database = open_database({.agents = parts.agents,
                                 .mesh = parts.mesh,
                                 .verdicts = parts.verdicts,
                                 .sla = parts.sla,
                                 .log = log,
                                 .principals_are_pods = parts.options.principals_are_pods},
                                config.database);
  if (!database) return database.error();
  store.writer.emplace(loop, *std::move(database), store::Worker::Options());
  store.persistence.emplace(
      Persistence::Owner{loop, parts.agents, parts.verdicts, parts.store.reports, log},
      *store.writer);
  return {};
}

// Writes the rest and waits for the disk. False: some of it is lost.
bool close_store(Store& store, SlaDatabase* sla, StoreStatus& status) {
  if (!store.writer) return true;
  store.persistence->close();
  if (sla != nullptr) sla->writer.close();
  store.writer->close();
  const auto lost = [](const store::WriteStatus& held) { return held.lost; };
  return !status.reports.with(lost) && !status.episodes.with(lost) && !status.history.with(lost);
}

int run(const Config& config, const Log& log, LogSink& sink) {
  Parts parts(parts_options(config));
  uv::Loop loop;
  NetworkThreads threads;

  Store store;
  if (auto opened = open_store(loop, config, parts, log, store); !opened) {
    return fail(log, opened.error().within("-db"));
  }
  if (auto keyed = use_mesh_key(config, parts); !keyed) return fail(log, keyed.error());
  metrics::Registry registry;
  register_metrics(registry, parts);
  register_log_metrics(registry, sink);
  std::optional<InventoryWatcher> inventory;
  if (auto followed = follow_inventory(loop, config, parts, log, inventory); !followed) {
    return fail(log, followed.error());
  }
  auto cluster = follow_cluster(loop, config, parts, log);
  if (!cluster) return fail(log, cluster.error().within("-kubeproxyinit"));
  auto rescheduler = move_pods(loop, config, cluster->get(), log);
  if (!rescheduler) return fail(log, rescheduler.error().within("-reschedule"));
  const auto auth = Auth::load(loop, auth_options(config), registry, log);
  if (!auth) return fail(log, auth.error());
  const auto bring = [&threads](const PendingReply& pending, http::Response response) {
    threads[pending.thread]->answer(pending.ticket, std::move(response));
  };
  const auto sla = Sla::start({loop, parts.sla, parts.store.episodes, log}, sla_options(config),
                              store.writer ? &*store.writer : nullptr, bring);
  if (!sla) return fail(log, sla.error());
  const Shared shared{parts, registry, **auth, (*sla)->database()};
  if (auto listens = listen(config, shared, log, threads); !listens) {
    return fail(log, listens.error().within("-endpoint"));
  }

  uv::Timer missed_reports(loop, [&] { parts.membership().count_missed_reports(now()); });
  missed_reports.start_repeating(std::chrono::seconds(config.check_interval_seconds));
  History history({loop, parts.mesh, parts.history, parts.store.history, log},
                  store.writer ? &*store.writer : nullptr, config.history.bounds());
  const auto wake = [&] { wake_all(threads); };
  VerdictEvaluator evaluator(
      {parts.agents, parts.cluster, parts.mesh, parts.verdicts, parts.events, log},
      view_options(parts.options.mesh), wake,
      [&](const verdict::VerdictEvent& event) { follow_paths(history, event); });
  uv::Timer evaluation(loop, [&] {
    const Now turn = now();
    note_turn(parts, turn, log);
    evaluator.evaluate(turn);
    parts.metrics_answers.forget_unused();
    parts.agents_answers.forget_unused();
    sink.flush();
  });
  evaluation.start_repeating(VerdictEvaluator::kPeriod);
  uv::Timer remembering(loop, [&] {
    if (parts.grids.remember(now())) wake();
  });
  remembering.start_repeating(GridAnswers::kMemoryPeriod);
  const auto stop = [&] {
    log.info("stopping");
    parts.draining = true;
    loop.stop();
  };
  const uv::Signal terminate(loop, SIGTERM, stop);
  const uv::Signal interrupt(loop, SIGINT, stop);
  const uv::Signal hang_up(loop, SIGHUP,
                           [&] { read_again(*(*auth)->credentials, inventory, **sla, log); });

  serve(loop, threads, log);
  history.close();
  return close_store(store, (*sla)->database(), parts.store) ? 0 : 1;
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
  meshcheck::LogSink sink({.descriptor = 2, .format = config.log.log().format()});
  const meshcheck::Log log = config.log.log(&sink);
  for (const std::string& flag : config.ignored) {
    log.warning("flag of netchecker without effect", {{"flag", flag}});
  }
  umask(077);  // The database holds the mesh's key.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // A file-size limit is a full disk, and not the end.
  raise_descriptor_limit();
  const int exit = run(config, log, sink);
  sink.flush();
  return exit;
}
