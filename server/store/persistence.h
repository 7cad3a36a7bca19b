// What survives a restart: last reports, counters and verdicts, in SQLite.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "lib/base/guarded.h"
#include "lib/base/log.h"
#include "lib/store/worker.h"
#include "lib/uv/timer.h"
#include "mesh/table/mesh.h"
#include "server/agents/agent_table.h"
#include "server/sla/sla_tables.h"
#include "server/store/store_status.h"
#include "server/verdicts/verdict_board.h"

namespace meshcheck::server {

// Copies the table's changes to the database twice a second, so that a kill -9 costs at most the
// last second. The table stays the truth: while the disk fails, the server answers as before, says
// so in readyz and /metrics, and writes what piled up when the disk is back. Belongs to its loop's
// thread.
class Persistence {
 public:
  // How many rows one transaction takes; what exceeds it follows at once in the next.
  static constexpr std::size_t kRowsMax = 5000;
  static constexpr std::chrono::milliseconds kPeriod{500};

  // All outlive this.
  struct Owner {
    uv::Loop& loop;
    Guarded<AgentTable>& agents;
    Guarded<mesh::Mesh>& mesh;
    Guarded<VerdictBoard>& verdicts;
    SlaTables& sla;
    Guarded<StoreStatus>& status;
    Log log;
  };
  // Opens the file, brings its schema up to date, fills the table and gives the mesh its members
  // and its key, which is made at the first start.
  static Result<std::unique_ptr<Persistence>> open(const Owner& owner, const std::string& path);
  // Writes what is new, and waits for it.
  ~Persistence();

  // For whoever has something to write besides.
  store::Worker& worker() { return worker_; }
  Persistence(const Persistence&) = delete;
  Persistence& operator=(const Persistence&) = delete;

 private:
  // What one job writes.
  struct Batch {
    Changes table;
    VerdictBoard::Changes verdicts;
    bool empty() const { return table.empty() && verdicts.empty(); }
  };

  Persistence(const Owner& owner, store::Connection database);
  Batch take_batch();
  static Result<void> write(store::Connection& database, const Batch& batch);
  void write_changes();
  void on_written(const Result<void>& result);

  const Owner owner_;
  Batch in_flight_;  // Of the job that runs; its owner is the worker until the job is done.
  bool writing_ = false;
  store::Worker worker_;
  uv::Timer timer_;
};

}  // namespace meshcheck::server
