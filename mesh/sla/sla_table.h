// The recent SLA data of all agents: episodes and the rollups made of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/base/change_set.h"
#include "lib/base/time.h"
#include "mesh/sla/episode_message.h"
#include "mesh/sla/history.h"
#include "mesh/sla/sla_changes.h"

namespace meshcheck::sla {

// Reads no clock and has no lock: its owner guards it. Episodes of the last 24 hours, and the days
// in which a rollup may still change. About 50 KB a probe; bounded by `probes_max`.
class SlaTable {
 public:
  static constexpr std::chrono::hours kAgeMax{24};
  static constexpr std::chrono::seconds kFutureMax{60};
  // An episode settles this long after it has ended: then its down time counts, and it is shown as
  // the last one.
  static constexpr std::chrono::seconds kSettleTime{60};
  // Days that could not be written are kept for this many days.
  static constexpr int kDaysMax = 8;

  struct Options {
    std::size_t probes_max = 2000;
    // Probes that one origin may add within a day, so that no origin takes all the room.
    std::size_t probes_of_origin_max() const { return std::max<std::size_t>(64, probes_max / 4); }
    std::size_t origins_max = 20'000;
    bool track_changes = true;  // Keep changes for take_changes().
  };
  struct Counts {
    std::uint64_t accepted = 0;  // The other counts are of refused ones.
    std::uint64_t too_old = 0;
    std::uint64_t in_future = 0;
    std::uint64_t not_aligned = 0;
    std::uint64_t not_fitting = 0;  // Longer than half a minute.
    std::uint64_t too_many_probes = 0;
  };

  struct ProbeView {
    const ProbeRef& ref;
    std::uint64_t checks = 0;
    std::uint64_t successes = 0;
    Milliseconds down{0};                // Of half minutes that have settled and are on disk.
    std::optional<Timers> last_settled;  // The last half minute that has; nothing: no data.
  };

  explicit SlaTable(Options options);

  // Loads a day of the database. To be called before all else.
  void restore(const ProbeRef& ref, DayNumber number, const Day& day);
  void restore(const Episode& episode);
  void restore(const SlaDownCount& count);

  // Returns the change whose writing makes the whole message durable; 0: it already is.
  std::uint64_t take(const EpisodeMessage& message, WallTime now);
  // Forgets the probe, and makes room for another; agents that still report it bring it back.
  // False: there is none.
  bool erase(const ProbeRef& ref);
  // To be called about once a second: counts episodes that have settled, drops those that are too
  // old.
  void advance(WallTime now);

  // Returns the changes to write next. Each call is followed by written() or put_back() before the
  // next of its kind.
  SlaChanges take_changes(std::size_t rows_max);
  void written(const SlaChanges& changes);
  void put_back(const SlaChanges&) { changed_slots_.put_back(); }
  SlaDayChanges take_days();
  void written(const SlaDayChanges& changes) { changed_days_.written(changes.last); }
  void put_back(const SlaDayChanges&) { changed_days_.put_back(); }

  // In the order of their names.
  std::vector<ProbeRef> probes() const;
  // Whether it holds a probe of the group or, as "group/probe", that one.
  bool knows(const std::string& group_or_probe) const;
  // Another number whenever a probe has come or gone.
  std::uint64_t probes_version() const { return probes_version_; }
  struct Days {
    DayNumber from = 0;
    DayNumber to = std::numeric_limits<DayNumber>::max();  // The first day after the range.
  };
  // The days in memory, of one group (empty: all) and one probe (empty: all). Each is 7 KB, so only
  // the requested ones are copied.
  std::map<ProbeRef, History> histories(const std::string& group, const std::string& probe,
                                        Days days) const;
  // Days before this are in the database alone.
  DayNumber first_day() const { return first_day_; }
  // The two half minutes before `end`, and the two rollups.
  using LastTwo = std::map<ProbeRef, std::array<Timers, 2>>;
  LastTwo last_episodes(Seconds end) const;
  LastTwo last_rollups(Seconds end) const;

  // In the order of their names.
  void visit_probes(const std::function<void(const ProbeView&)>& visitor) const;
  const Options& options() const { return options_; }
  const Counts& counts() const { return counts_; }
  std::size_t size() const { return probes_.size(); }
  std::size_t origins() const {
    return origins_.size();
  }  // Origins that sent episodes within a day.
  std::size_t changes_waiting() const { return changed_slots_.size(); }
  std::uint64_t days_lost() const { return days_lost_; }  // Days that could not be written in time.

 private:
  // Half minutes since 1970.
  using SlotNumber = std::uint32_t;
  // The slots of a day and of kFutureMax, and some to spare.
  static constexpr std::size_t kSlots = 2900;
  struct Slot {
    SlotNumber number = 0;  // A number of another day: the slot is empty.
    std::uint16_t up_ms = 0;
    std::uint16_t down_ms = 0;
    std::uint16_t unknown_ms = 0;
  };
  struct Probe {
    std::vector<Slot> slots = std::vector<Slot>(kSlots);
    std::map<DayNumber, Day> days;
    SlotNumber last = 0;  // The latest slot.
    std::uint64_t checks = 0;
    std::uint64_t successes = 0;
    // Of slots that have settled. Only time that is on disk is shown: a counter that went back at a
    // restart would look like one that began anew.
    Milliseconds down{0};
    Milliseconds down_shown{0};
    SlotNumber settled = 0;  // The first slot that `down` does not include.
    std::string brought_by;  // The origin; empty: the database.
  };
  using Probes = std::map<ProbeRef, Probe>;
  using SlotKey = std::pair<SlotNumber, ProbeRef>;
  using DayKey = std::pair<DayNumber, ProbeRef>;

  static SlotNumber slot_of(Seconds time);
  static Seconds start_of(SlotNumber slot);
  static std::optional<Timers> timers_at(const Probe& probe, SlotNumber slot);
  static void set(Probe& probe, SlotNumber slot, const Timers& timers);
  bool fits_in(const Episode& episode, WallTime now);
  struct Origin {
    SlotNumber counted = 0;  // The last slot whose checks were counted.
    std::size_t probes_brought = 0;
  };

  Probe* find_or_add(const ProbeRef& ref);
  // For a probe named by an origin; null if the origin may add no more.
  Probe* find_or_add(const ProbeRef& ref, const std::string& origin);
  std::uint64_t take(Probe& probe, const Episode& episode);
  void roll_up(const ProbeRef& ref, Probe& probe, SlotNumber slot);
  void return_to(SlotNumber settled);
  void forget(SlotNumber oldest);
  void count_checks(const EpisodeMessage& message, WallTime now);

  Options options_;
  Probes probes_;
  std::uint64_t probes_version_ = 0;
  ChangeSet<SlotKey> changed_slots_;
  ChangeSet<DayKey> changed_days_;
  std::unordered_map<std::string, Origin> origins_;
  SlotNumber settled_ = 0;  // The first slot that has not settled.
  DayNumber first_day_ = 0;
  Counts counts_;
  std::uint64_t days_lost_ = 0;
};

}  // namespace meshcheck::sla
