// Looks at the mesh each ten seconds, for graphs, and writes minutes to the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/guarded.h"
#include "lib/base/log.h"
#include "lib/base/wall_guard.h"
#include "lib/store/worker.h"
#include "lib/store/write_status.h"
#include "lib/uv/timer.h"
#include "mesh/history/path_trails.h"
#include "mesh/history/point_codec.h"
#include "mesh/table/mesh.h"
#include "server/history/history_store.h"
#include "server/history/history_tables.h"
#include "server/history/trail_store.h"

namespace meshcheck::server {

// Begins with the last hour of the database. A minute that could not be written is tried again with
// the next ones, for an hour. Belongs to its loop's thread.
class History {
 public:
  struct Owner {
    uv::Loop& loop;
    Guarded<mesh::Mesh>& mesh;
    HistoryTables& tables;
    Guarded<store::WriteStatus>& status;
    Log log;
  };
  // Without a database `writer` is null, and graphs have the last hour. All outlive this.
  History(const Owner& owner, store::Worker* writer, const HistoryBounds& bounds);
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // A verdict was opened or closed: the paths of its evidence are followed from now on.
  void follow(std::uint64_t verdict, history::Trail::Moment moment,
              const std::vector<std::string>& evidence);
  // Hands the minutes that are over, and the trails, to the writer, whose close() writes them; the
  // status has the result. For the program's end, when the loop does not run any more.
  void close();

 private:
  using Minutes = std::vector<std::pair<Seconds, history::Bytes>>;
  static constexpr std::chrono::seconds kLook{1};  // For the begin of a step.
  static constexpr std::size_t kPiecePaths = 1024;
  static constexpr std::size_t kTrailPathsMax = 100'000;  // 22 MB.

  void restore();
  void look(Now time);
  history::Tick sample(Now time);
  Minutes minutes(Seconds from, Seconds to) const;
  static Result<void> write_minutes(store::Connection& database, const Minutes& minutes);
  void write(Now time);
  void show_trails(std::vector<history::Trail> ended);
  void write_trails();

  const Owner owner_;
  store::WriteReporter reporter_;
  store::Worker* const writer_;
  const HistoryBounds bounds_;
  WallGuard wall_guard_;
  std::optional<std::int64_t> last_step_;
  std::optional<Seconds> written_;  // The end of the last minute that is in the database.
  bool writing_ = false;
  history::PathTrails trails_{kTrailPathsMax};
  std::vector<TrailRow> unwritten_;  // Bounded as the trails that are shown.
  bool writing_trails_ = false;
  uv::Timer timer_;
};

}  // namespace meshcheck::server
