// The verdicts that are open and those that were, for all who ask.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/change_set.h"
#include "lib/base/time.h"
#include "lib/base/wall_guard.h"
#include "server/verdicts/verdict_record.h"

namespace meshcheck::server {

// Knows no clock and no lock: its owner guards it. Bounded: the open ones by the tracker, the
// closed ones by number and age, and what is not written by the number of both.
class VerdictPublisher {
 public:
  struct Options {
    std::size_t closed_max = 1000;  // About 1.5 KB each.
    std::chrono::hours age_max{24 * 30};
    bool track_changes = true;  // Remember what take_changes() has to hand out.
  };
  using CountsByKind = std::map<std::pair<std::string, verdict::Severity>, std::uint64_t>;
  // How the last evaluation went.
  struct Evaluation {
    std::chrono::nanoseconds duration{0};
    std::uint64_t left_out = 0;  // Candidates and verdicts beyond the tracker's bounds.
  };

  explicit VerdictPublisher(Options options);

  // Before anything else: what the database has, oldest first. What was open is closed at `now`.
  void restore(std::vector<VerdictRecord> records, WallTime now);

  // Those that are open now, which replace the ones before.
  void show(std::vector<VerdictRecord> open, const Evaluation& evaluation);
  // An event of the tracker, besides.
  void note(verdict::VerdictEvent::Type type, VerdictRecord record);
  // Drops what is too old, by a wall clock that is proven.
  void forget(Now now);

  const std::vector<VerdictRecord>& open() const { return open_; }     // Worst first, then oldest.
  const std::deque<VerdictRecord>& closed() const { return closed_; }  // In the order they ended.
  std::uint64_t last_id() const { return last_id_; }
  std::size_t count(verdict::Severity severity) const;
  // Since the start; one that came back counts again.
  const CountsByKind& opened_counts() const { return opened_counts_; }
  const CountsByKind& closed_counts() const { return closed_counts_; }
  const Evaluation& last_evaluation() const { return evaluation_; }
  std::uint64_t evaluations() const { return evaluations_; }
  double evaluation_seconds() const { return evaluation_seconds_; }  // Of all.

  // What the database does not have yet.
  struct Changes {
    std::vector<VerdictRecord> records;
    std::vector<std::uint64_t> gone;  // Ids of records that are not kept any more.
    WallTime oldest_kept;             // What ended before may go.
    std::uint64_t last = 0;           // All changes up to this one are among them.
    bool empty() const { return records.empty() && gone.empty(); }
  };
  // At most `rows_max`. Then written() or put_back() says what became of all that was taken.
  Changes take_changes(std::size_t rows_max);
  void written(const Changes& changes) { changed_.written(changes.last); }
  void put_back() { changed_.put_back(); }

 private:
  WallTime oldest_kept() const;
  void keep(VerdictRecord record);

  Options options_;
  WallGuard wall_guard_;
  std::optional<WallTime> proven_;  // As forget() was told last.
  std::vector<VerdictRecord> open_;
  std::deque<VerdictRecord> closed_;
  ChangeSet<std::uint64_t> changed_;  // Ids.
  std::uint64_t last_id_ = 0;
  CountsByKind opened_counts_;
  CountsByKind closed_counts_;
  Evaluation evaluation_;
  std::uint64_t evaluations_ = 0;
  double evaluation_seconds_ = 0;  // Of all.
};

}  // namespace meshcheck::server
