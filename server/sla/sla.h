// The parts of the SLA that live on main's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lib/base/log.h"
#include "lib/uv/timer.h"
#include "server/sla/downtime_file.h"
#include "server/sla/downtime_watcher.h"
#include "server/sla/sla_access.h"
#include "server/sla/sla_config.h"

namespace meshcheck::server {

// Reads downtimes, writes episodes, and advances the table.
class Sla {
 public:
  struct Options {
    SlaConfig config;
    std::string database;     // Path; empty for none.
    std::string kubeconfig;   // Path; empty for that of the environment, or the pod's files.
    bool kubernetes = false;  // Downtimes are objects there too.
    std::size_t origins_max = 20'000;

    sla::SlaTable::Options table() const;
    // Whether the SLA outlives the program. A database in memory has no second connection.
    bool keeps() const { return !database.empty() && database != ":memory:"; }
  };
  // Without a database `writer` is null, and no data outlives the program. It outlives this.
  static Result<std::unique_ptr<Sla>> start(const SlaWriter::Owner& owner, const Options& options,
                                            store::Worker* writer, const Reply& reply);

  SlaDatabase* database() { return database_ ? &*database_ : nullptr; }
  // Reads the file of downtimes again. False: there is none.
  bool reload();

 private:
  Sla(uv::Loop& loop, SlaTables& sla);

  std::unique_ptr<DowntimeFile> file_;
  std::unique_ptr<DowntimeWatcher> watcher_;
  std::optional<SlaDatabase> database_;
  uv::Timer timer_;
};

}  // namespace meshcheck::server
