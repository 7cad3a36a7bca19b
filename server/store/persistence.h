// Keeps last reports, counters and verdicts in the database, so that they survive a restart.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "lib/base/guarded.h"
#include "lib/base/log.h"
#include "lib/store/worker.h"
#include "lib/store/write_status.h"
#include "lib/uv/timer.h"
#include "server/agents/agent_table.h"
#include "server/verdicts/verdict_publisher.h"

namespace meshcheck::server {

// Copies what changed to the database twice a second, so that a kill -9 costs at most the last
// second. The tables in memory stay authoritative: while the disk fails, the server answers as
// before, reports the failure in readyz and /metrics, and writes the waiting changes when the disk
// works again. Belongs to its loop's thread.
class Persistence {
 public:
  // How many rows of each table one transaction takes; the others follow at once in the next.
  static constexpr std::size_t kRowsMax = 5000;
  static constexpr std::chrono::milliseconds kPeriod{500};

  // All outlive this.
  struct Owner {
    uv::Loop& loop;
    Guarded<AgentTable>& agents;
    Guarded<VerdictPublisher>& verdicts;
    Guarded<store::WriteStatus>& status;
    Log log;
  };
  // `writer` outlives this, and is closed or destroyed before its loop runs again.
  Persistence(const Owner& owner, store::Worker& writer);
  Persistence(const Persistence&) = delete;
  Persistence& operator=(const Persistence&) = delete;

  // Hands the rest to the writer, whose close() writes it; the status has the result. For the
  // program's end, when the loop does not run any more.
  void close();

 private:
  struct Batch;
  // To be noted once a batch is written.
  struct Written {
    std::uint64_t last_agent = 0;
    std::uint64_t last_series = 0;
    std::uint64_t last_verdict = 0;
    std::size_t rows = 0;
    bool more = false;
  };

  Batch take_batch();
  void put_back();
  void write_changes();
  void note_new_file();
  void on_written(const Written& written, const Result<void>& result);

  const Owner owner_;
  store::WriteReporter reporter_;
  store::Worker& writer_;
  std::uint64_t written_anew_ = 0;  // As last logged.
  bool writing_ = false;
  bool closed_ = false;
  uv::Timer timer_;
};

}  // namespace meshcheck::server
