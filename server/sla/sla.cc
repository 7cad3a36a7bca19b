#include "server/sla/sla.h"

#include <utility>

namespace meshcheck::server {
namespace {

// A database in memory has no second connection.
bool keeps(const Config& config) {
  return !config.database.empty() && config.database != ":memory:";
}

}  // namespace

SlaTable::Options Sla::table_options(const Config& config) {
  return {.probes_max = static_cast<std::size_t>(config.sla.probes_max),
          .origins_max = static_cast<std::size_t>(config.agents_max),
          .track_changes = keeps(config)};
}

Sla::Sla(uv::Loop& loop, State& state)
    : timer_(loop, [&state] {
        state.sla.with([](SlaTable& table) { table.advance(WallClock::now()); });
      }) {
  state.sla.with([](SlaTable& table) { table.advance(WallClock::now()); });
  timer_.start_repeating(std::chrono::seconds(1));
}

Result<std::unique_ptr<Sla>> Sla::start(const SlaDesk::Owner& owner, const Config& config,
                                        Persistence* persistence, SlaDesk::Answer answer) {
  owner.state.sla_target = config.sla.target;
  std::unique_ptr<Sla> sla(new Sla(owner.loop, owner.state));
  if (!config.sla.downtimes.empty()) {
    auto file = DowntimeFile::open(owner.loop, config.sla.downtimes, owner.state, owner.log);
    if (!file) return file.error().within("-downtimes");
    sla->file_ = *std::move(file);
  }
  if (config.cluster.enabled) {
    auto watcher = DowntimeWatcher::start({owner.loop, owner.state, owner.log}, config.kubeconfig);
    if (!watcher) return watcher.error().within("-kubeproxyinit");
    sla->watcher_ = *std::move(watcher);
  }
  if (persistence != nullptr && keeps(config)) {
    auto reader = store::Database::open(config.database, {.read_only = true});
    if (!reader) return reader.error().within("-db");
    sla->desk_.emplace(
        owner, persistence->worker(), *std::move(reader), std::move(answer),
        SlaDesk::Options{.retention_days = static_cast<int>(config.sla.retention_days)});
  }
  return sla;
}

bool Sla::reload() {
  if (file_) file_->reload();
  return file_ != nullptr;
}

}  // namespace meshcheck::server
