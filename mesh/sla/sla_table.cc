#include "mesh/sla/sla_table.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <limits>

namespace meshcheck::sla {

namespace {

constexpr std::uint32_t kSlotsOfRollup = kRollupLength / kEpisodeLength;

std::uint16_t milliseconds_of(Milliseconds time) {
  assert(time.count() >= 0 && time <= kEpisodeLength);
  return static_cast<std::uint16_t>(time.count());
}

Seconds seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

}  // namespace

SlaTable::SlaTable(Options options)
    : options_(options),
      changed_slots_(options.track_changes ? options.probes_max * kSlots : 0),
      changed_days_(options.track_changes ? options.probes_max * (kDaysMax + 3) : 0) {}

SlaTable::SlotNumber SlaTable::slot_of(Seconds time) {
  return static_cast<SlotNumber>(time.time_since_epoch() / kEpisodeLength);
}

Seconds SlaTable::start_of(SlotNumber slot) {
  return Seconds(kEpisodeLength * static_cast<std::int64_t>(slot));
}

std::optional<Timers> SlaTable::timers_at(const Probe& probe, SlotNumber slot) {
  const Slot& held = probe.slots[slot % kSlots];
  if (held.number != slot) return std::nullopt;
  return Timers{Milliseconds(held.up_ms), Milliseconds(held.down_ms),
                Milliseconds(held.unknown_ms)};
}

void SlaTable::set(Probe& probe, SlotNumber slot, const Timers& timers) {
  probe.slots[slot % kSlots] = {.number = slot,
                                .up_ms = milliseconds_of(timers.up),
                                .down_ms = milliseconds_of(timers.down),
                                .unknown_ms = milliseconds_of(timers.unknown)};
  probe.last = std::max(probe.last, slot);
}

SlaTable::Probe* SlaTable::find_or_add(const ProbeRef& ref) {
  const auto found = probes_.find(ref);
  if (found != probes_.end()) return &found->second;
  if (probes_.size() >= options_.probes_max) return nullptr;
  Probe& probe = probes_[ref];
  ++probes_version_;
  probe.settled = settled_;
  return &probe;
}

SlaTable::Probe* SlaTable::find_or_add(const ProbeRef& ref, const std::string& origin) {
  const auto found = probes_.find(ref);
  if (found != probes_.end()) return &found->second;
  const auto brings = origins_.find(origin);
  if (brings == origins_.end()) return nullptr;
  if (brings->second.probes_brought >= options_.probes_of_origin_max()) return nullptr;
  Probe* const probe = find_or_add(ref);
  if (probe == nullptr) return nullptr;
  ++brings->second.probes_brought;
  probe->brought_by = origin;
  return probe;
}

bool SlaTable::erase(const ProbeRef& ref) {
  const auto found = probes_.find(ref);
  if (found == probes_.end()) return false;
  for (const auto& [number, day] : found->second.days) changed_days_.erase({number, ref});
  const auto origin = origins_.find(found->second.brought_by);
  if (origin != origins_.end() && origin->second.probes_brought > 0) {
    --origin->second.probes_brought;
  }
  // Its episodes that wait to be written are left out when they are taken.
  probes_.erase(found);
  ++probes_version_;
  return true;
}

void SlaTable::restore(const ProbeRef& ref, DayNumber number, const Day& day) {
  Probe* const probe = find_or_add(ref);
  if (probe != nullptr) probe->days[number] = day;
}

void SlaTable::restore(const Episode& episode) {
  Probe* const probe = find_or_add(episode.ref);
  if (probe == nullptr || !fits(episode.timers, kEpisodeLength)) return;
  const SlotNumber slot = slot_of(episode.start);
  set(*probe, slot, episode.timers);
  // The rollup may have been written before its last episode.
  roll_up(episode.ref, *probe, slot);
}

void SlaTable::restore(const SlaDownCount& count) {
  Probe* const probe = find_or_add(count.ref);
  if (probe == nullptr) return;
  probe->down = probe->down_shown = count.down;
  // A count by a clock that was wrong, as in return_to(): counting goes on from now.
  probe->settled = count.settled > settled_ + kSlots ? settled_ : count.settled;
}

bool SlaTable::fits_in(const Episode& episode, WallTime now) {
  const Seconds time = seconds_of(now);
  std::uint64_t* refused = nullptr;
  if (episode.start < time - kAgeMax) {
    refused = &counts_.too_old;
  } else if (episode.start > time + kFutureMax) {
    refused = &counts_.in_future;
  } else if (floor_to(episode.start, kEpisodeLength) != episode.start) {
    refused = &counts_.not_aligned;
  } else if (!fits(episode.timers, kEpisodeLength)) {
    refused = &counts_.not_fitting;
  }
  if (refused != nullptr) ++*refused;
  return refused == nullptr;
}

std::uint64_t SlaTable::take(const EpisodeMessage& message, WallTime now) {
  std::uint64_t change = 0;
  count_checks(message, now);
  for (const Episode& episode : message.episodes) {
    if (!fits_in(episode, now)) continue;
    Probe* const probe = find_or_add(episode.ref, message.origin);
    if (probe == nullptr) {
      ++counts_.too_many_probes;
      continue;
    }
    ++counts_.accepted;
    change = std::max(change, take(*probe, episode));
  }
  return change;
}

std::uint64_t SlaTable::take(Probe& probe, const Episode& episode) {
  const SlotNumber slot = slot_of(episode.start);
  const SlotKey key{slot, episode.ref};
  const auto held = timers_at(probe, slot);
  const Timers best = held ? combine(*held, episode.timers) : episode.timers;
  if (held == best) return changed_slots_.number_of(key);
  set(probe, slot, best);
  if (slot < probe.settled) {
    const Milliseconds before = held ? held->down : Milliseconds(0);
    probe.down += std::max(Milliseconds(0), best.down - before);
    if (!options_.track_changes) probe.down_shown = probe.down;
  }
  roll_up(episode.ref, probe, slot);
  return changed_slots_.add(key);
}

void SlaTable::roll_up(const ProbeRef& ref, Probe& probe, SlotNumber slot) {
  const SlotNumber first = slot - slot % kSlotsOfRollup;
  Timers sum;
  for (SlotNumber i = first; i < first + kSlotsOfRollup; ++i) {
    sum += timers_at(probe, i).value_or(Timers());
  }
  const Seconds start = start_of(first);
  const DayNumber day = day_of(start);
  Timers& rollup = probe.days[day].at(start);
  const Timers best = combine(rollup, sum);
  if (best == rollup) return;
  rollup = best;
  changed_days_.add({day, ref});
}

// An agent tells all checks of a slot in one message, and a message again until it is answered.
void SlaTable::count_checks(const EpisodeMessage& message, WallTime now) {
  if (message.episodes.empty()) return;
  if (origins_.size() >= options_.origins_max && !origins_.contains(message.origin)) return;
  const Seconds latest = seconds_of(now) + kFutureMax;
  const SlotNumber before = origins_[message.origin].counted;
  SlotNumber last = before;
  for (const Episode& episode : message.episodes) {
    if (episode.start < seconds_of(now) - kAgeMax || episode.start > latest) continue;
    const SlotNumber slot = slot_of(episode.start);
    if (slot <= before || episode.successes > episode.checks) continue;
    last = std::max(last, slot);
    Probe* const probe =
        episode.ref.is_total() ? nullptr : find_or_add(episode.ref, message.origin);
    // 200 ms is the shortest period of a check; a probe has a few of them.
    constexpr std::uint64_t kChecksMax = 100'000;
    if (probe == nullptr || episode.checks > kChecksMax) continue;
    probe->checks += episode.checks;
    probe->successes += episode.successes;
  }
  origins_[message.origin].counted = last;
}

void SlaTable::advance(WallTime now) {
  const Seconds time = seconds_of(now);
  const SlotNumber settled = slot_of(time - kSettleTime);
  const SlotNumber oldest = slot_of(time - kAgeMax);
  first_day_ = day_of(time - kAgeMax - kRollupLength);
  if (settled + kSlots < settled_) return_to(settled);
  if (settled <= settled_) return;
  settled_ = settled;
  for (auto& [ref, probe] : probes_) {
    probe.settled = std::max(probe.settled, oldest);
    for (; probe.settled < settled; ++probe.settled) {
      probe.down += timers_at(probe, probe.settled).value_or(Timers()).down;
    }
    if (!options_.track_changes) probe.down_shown = probe.down;
  }
  forget(oldest);
}

// The wall clock was wrong by more than all that is held, and is right again: nothing would be
// counted until it comes by there.
void SlaTable::return_to(SlotNumber settled) {
  settled_ = settled;
  for (auto& [ref, probe] : probes_) probe.settled = std::min(probe.settled, settled);
}

// A probe goes with its last day, so that of the days from the first one on all is held.
void SlaTable::forget(SlotNumber oldest) {
  const DayNumber lost_before = first_day_ - kDaysMax;
  for (auto& [ref, probe] : probes_) {
    std::erase_if(probe.days, [&, &probe_ref = ref](const auto& entry) {
      if (entry.first >= first_day_) return false;
      const DayKey key{entry.first, probe_ref};
      if (changed_days_.number_of(key) == 0) return true;
      if (entry.first >= lost_before) return false;
      changed_days_.erase(key);
      ++days_lost_;
      return true;
    });
  }
  probes_version_ += std::erase_if(probes_, [&](const auto& entry) {
    return entry.second.last < oldest && entry.second.days.empty();
  });
  std::erase_if(origins_, [&](const auto& entry) { return entry.second.counted < oldest; });
}

SlaChanges SlaTable::take_changes(std::size_t rows_max) {
  SlaChanges changes;
  changes.last = changed_slots_.take(rows_max, [&](const SlotKey& key) {
    const auto& [slot, ref] = key;
    const auto probe = probes_.find(ref);
    if (probe == probes_.end()) return;  // It was too old before it could be written.
    const auto timers = timers_at(probe->second, slot);
    if (timers)
      changes.episodes.push_back({.ref = ref, .start = start_of(slot), .timers = *timers});
  });
  if (!options_.track_changes) return changes;
  for (const auto& [ref, probe] : probes_) {
    if (probe.down == probe.down_shown) continue;
    changes.down_counts.push_back({ref, probe.down, probe.settled});
  }
  return changes;
}

void SlaTable::written(const SlaChanges& changes) {
  changed_slots_.written(changes.last);
  for (const SlaDownCount& count : changes.down_counts) {
    const auto probe = probes_.find(count.ref);
    if (probe != probes_.end()) probe->second.down_shown = count.down;
  }
}

SlaDayChanges SlaTable::take_days() {
  SlaDayChanges changes;
  changes.last = changed_days_.take(SIZE_MAX, [&](const DayKey& key) {
    const auto& [number, ref] = key;
    const auto probe = probes_.find(ref);
    if (probe == probes_.end()) return;
    const auto day = probe->second.days.find(number);
    if (day != probe->second.days.end()) changes.days.push_back({ref, number, day->second});
  });
  return changes;
}

std::vector<ProbeRef> SlaTable::probes() const {
  std::vector<ProbeRef> refs;
  for (const auto& [ref, probe] : probes_) refs.push_back(ref);
  return refs;
}

bool SlaTable::knows(const std::string& group_or_probe) const {
  const auto slash = group_or_probe.find('/');
  const std::string group = group_or_probe.substr(0, slash);
  if (slash != std::string::npos) {
    return probes_.contains({group, group_or_probe.substr(slash + 1)});
  }
  const auto first = probes_.lower_bound({group, {}});
  return first != probes_.end() && first->first.group == group;
}

std::map<ProbeRef, History> SlaTable::histories(const std::string& group, const std::string& probe,
                                                Days days) const {
  std::map<ProbeRef, History> histories;
  const auto begin = group.empty() ? probes_.begin() : probes_.lower_bound({group, {}});
  for (auto entry = begin; entry != probes_.end(); ++entry) {
    const ProbeRef& ref = entry->first;
    if (!group.empty() && ref.group != group) break;
    if (!probe.empty() && ref.probe != probe) continue;
    History& history = histories[ref];
    const auto& held = entry->second.days;
    const auto end = held.lower_bound(days.to);
    for (auto day = held.lower_bound(days.from); day != end; ++day) {
      const auto& rollups = day->second.rollups;
      history[day->first] = {day->second.sum(), {rollups.begin(), rollups.end()}};
    }
  }
  return histories;
}

SlaTable::LastTwo SlaTable::last_rollups(Seconds end) const {
  LastTwo last;
  for (const auto& [ref, probe] : probes_) {
    std::array<Timers, 2>& timers = last[ref];
    Seconds start = end - 2 * kRollupLength;
    for (Timers& rollup : timers) {
      const auto day = probe.days.find(day_of(start));
      if (day != probe.days.end()) rollup = day->second.at(start);
      start += kRollupLength;
    }
  }
  return last;
}

SlaTable::LastTwo SlaTable::last_episodes(Seconds end) const {
  LastTwo last;
  const SlotNumber slot = slot_of(end);
  for (const auto& [ref, probe] : probes_) {
    last[ref] = {timers_at(probe, slot - 2).value_or(Timers()),
                 timers_at(probe, slot - 1).value_or(Timers())};
  }
  return last;
}

void SlaTable::visit_probes(const std::function<void(const ProbeView&)>& visitor) const {
  for (const auto& [ref, probe] : probes_) {
    std::optional<Timers> last;
    if (settled_ != 0) last = timers_at(probe, settled_ - 1);
    visitor({.ref = ref,
             .checks = probe.checks,
             .successes = probe.successes,
             .down = probe.down_shown,
             .last_settled = last});
  }
}

}  // namespace meshcheck::sla
