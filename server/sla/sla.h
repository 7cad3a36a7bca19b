// The parts of the SLA that live on main's thread.
#pragma once

#include <memory>
#include <optional>

#include "lib/base/log.h"
#include "lib/uv/timer.h"
#include "server/config.h"
#include "server/sla/downtime_file.h"
#include "server/sla/downtime_watcher.h"
#include "server/sla/sla_desk.h"
#include "server/state.h"
#include "server/store/persistence.h"

namespace meshcheck::server {

// What reads downtimes, what writes episodes, and the table's clock.
class Sla {
 public:
  static SlaTable::Options table_options(const Config& config);

  // Without a database `persistence` is null, and nothing outlives the program.
  static Result<std::unique_ptr<Sla>> start(const SlaDesk::Owner& owner, const Config& config,
                                            Persistence* persistence, SlaDesk::Answer answer);

  SlaDesk* desk() { return desk_ ? &*desk_ : nullptr; }
  // Reads the file of downtimes again. False: there is none.
  bool reload();

 private:
  Sla(uv::Loop& loop, State& state);

  std::unique_ptr<DowntimeFile> file_;
  std::unique_ptr<DowntimeWatcher> watcher_;
  std::optional<SlaDesk> desk_;
  uv::Timer timer_;
};

}  // namespace meshcheck::server
