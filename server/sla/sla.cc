#include "server/sla/sla.h"

#include <utility>

namespace meshcheck::server {

sla::SlaTable::Options Sla::Options::table() const {
  return {.probes_max = static_cast<std::size_t>(config.probes_max),
          .origins_max = origins_max,
          .track_changes = keeps()};
}

Sla::Sla(uv::Loop& loop, SlaTables& sla)
    : timer_(loop, [&sla] {
        sla.table.with([](sla::SlaTable& table) { table.advance(WallClock::now()); });
      }) {
  sla.table.with([](sla::SlaTable& table) { table.advance(WallClock::now()); });
  timer_.start_repeating(std::chrono::seconds(1));
}

Result<std::unique_ptr<Sla>> Sla::start(const SlaWriter::Owner& owner, const Options& options,
                                        store::Worker* writer, const Reply& reply) {
  std::unique_ptr<Sla> sla(new Sla(owner.loop, owner.sla));
  if (!options.config.downtimes.empty()) {
    auto file = DowntimeFile::open(owner.loop, options.config.downtimes, owner.sla, owner.log);
    if (!file) return file.error().within("-downtimes");
    sla->file_ = *std::move(file);
  }
  if (options.kubernetes) {
    auto watcher = DowntimeWatcher::start(
        {owner.loop, owner.sla.downtimes, owner.sla.table, owner.log}, options.kubeconfig);
    if (!watcher) return watcher.error().within("-kubeproxyinit");
    sla->watcher_ = *std::move(watcher);
  }
  if (writer != nullptr && options.keeps()) {
    auto reader = store::Connection::open(options.database, {.read_only = true});
    if (!reader) return reader.error().within("-db");
    sla->database_.emplace(
        owner, *writer, *std::move(reader), reply,
        SlaWriter::Options{.retention_days = static_cast<int>(options.config.retention_days)});
  }
  return sla;
}

bool Sla::reload() {
  if (file_) file_->reload();
  return file_ != nullptr;
}

}  // namespace meshcheck::server
