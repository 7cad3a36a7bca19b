// What the table of the SLA knows and the database does not yet.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "mesh/sla/day.h"

namespace meshcheck::sla {

// How long a probe was down ever since it is known: what the metric of it says, over restarts too.
struct SlaDownCount {
  ProbeRef ref;
  Milliseconds down{0};
  std::uint32_t settled = 0;  // The first half minute since 1970 that is not in it.
};

struct SlaChanges {
  std::vector<Episode> episodes;
  std::uint64_t last = 0;  // All changes up to this one are among them.
  std::vector<SlaDownCount> down_counts;
  bool empty() const { return episodes.empty() && down_counts.empty(); }
};

struct SlaDayChange {
  ProbeRef ref;
  DayNumber number = 0;
  Day day;
};

// Numbers the changes of episodes in their order, so that who has to wait for the disk knows what
// for. An episode that changes again before it was taken is still the same change; one that was
// taken meanwhile is a new one.
class SlaTracker {
 public:
  using Key = std::pair<std::uint32_t, ProbeRef>;  // A slot of a probe.

  explicit SlaTracker(bool enabled) : enabled_(enabled) {}

  // The number of its change.
  std::uint64_t changed(const Key& key);
  // Of the change that is not written yet; 0: there is none.
  std::uint64_t waiting(const Key& key) const;

  // The next ones that were not taken, in their order.
  template <typename Take>
  std::uint64_t take(std::size_t max, Take take) {
    for (auto entry = keys_.upper_bound(taken_); entry != keys_.end() && max > 0; ++entry, --max) {
      take(entry->second);
      taken_ = entry->first;
    }
    return taken_;
  }
  void written(std::uint64_t last);
  // They could not be written: all that was taken and not written will be taken again.
  void put_back() { taken_ = written_; }
  std::size_t size() const { return keys_.size(); }

 private:
  bool enabled_;
  std::map<std::uint64_t, Key> keys_;     // By number.
  std::map<Key, std::uint64_t> numbers_;  // The last one of each key.
  std::uint64_t last_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace meshcheck::sla
