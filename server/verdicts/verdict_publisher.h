// The open and the closed verdicts, for all readers.
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

// Reads no clock and has no lock: its owner guards it. Bounded: the open ones by the tracker, the
// closed ones by number and age, and unwritten changes by the number of both.
class VerdictPublisher {
 public:
  struct Options {
    std::size_t closed_max = 1000;  // About 1.5 KB each.
    std::chrono::hours age_max{24 * 30};
    bool track_changes = true;  // Keep changes for take_changes().
    WallTime began{};           // Nothing is known of before; without a database, the start.
  };
  using CountsByKind = std::map<std::pair<std::string, verdict::Severity>, std::uint64_t>;
  // Figures of the last evaluation.
  struct Evaluation {
    std::chrono::nanoseconds duration{0};
    std::uint64_t left_out = 0;  // Candidates and verdicts beyond the tracker's bounds.
  };

  explicit VerdictPublisher(Options options);

  // The records of the database, oldest first. Open ones are closed at `now`. To be called before
  // all else.
  void restore(std::vector<VerdictRecord> records, WallTime now);

  // Replaces the open verdicts.
  void show(std::vector<VerdictRecord> open, const Evaluation& evaluation);
  // Counts an event of the tracker, and keeps the record of a closed verdict.
  void note(verdict::VerdictEvent::Type type, VerdictRecord record);
  // Drops verdicts that are too old, once the wall clock is proven.
  void forget(Now now);

  const std::vector<VerdictRecord>& open() const { return open_; }     // Worst first, then oldest.
  const std::deque<VerdictRecord>& closed() const { return closed_; }  // In the order they ended.
  // All verdicts that ended since then are known, as of `now`.
  WallTime known_since(WallTime now) const;
  std::uint64_t last_id() const { return last_id_; }
  std::size_t count(verdict::Severity severity) const;
  // Since the start; a verdict that came back counts again.
  const CountsByKind& opened_counts() const { return opened_counts_; }
  const CountsByKind& closed_counts() const { return closed_counts_; }
  const Evaluation& last_evaluation() const { return evaluation_; }
  std::uint64_t evaluations() const { return evaluations_; }
  double evaluation_seconds() const { return evaluation_seconds_; }  // Of all.

  // Changes that the database does not have yet.
  struct Changes {
    std::vector<VerdictRecord> records;
    std::vector<std::uint64_t> gone;  // Ids of records that are not kept any more.
    WallTime oldest_kept;             // Records that ended before may be deleted.
    std::uint64_t last = 0;           // All changes up to this one are among them.
    bool empty() const { return records.empty() && gone.empty(); }
  };
  // Returns at most `rows_max` records. To be followed by written() or put_back().
  Changes take_changes(std::size_t rows_max);
  void written(const Changes& changes) { changed_.written(changes.last); }
  void put_back() { changed_.put_back(); }

 private:
  WallTime oldest_kept() const;
  void keep(VerdictRecord record);

  Options options_;
  WallGuard wall_guard_;
  std::optional<WallTime> proven_;  // Of the last forget().
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
