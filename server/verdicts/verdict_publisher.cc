#include "server/verdicts/verdict_publisher.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>

namespace meshcheck::server {

using verdict::Severity;
using Type = verdict::VerdictEvent::Type;

// So many may be open, and not among those that are kept besides.
constexpr std::size_t kOpenMax = verdict::VerdictTracker::Options().verdicts_max;

VerdictPublisher::VerdictPublisher(Options options)
    : options_(options), changed_(options.track_changes ? options.closed_max + kOpenMax : 0) {}

void VerdictPublisher::restore(std::vector<VerdictRecord> records, WallTime now) {
  for (VerdictRecord& record : records) {
    last_id_ = std::max(last_id_, record.id);
    if (!record.closed) {
      record.closed = now;
      record.ending = Ending::kRestart;
      changed_.add(record.id);
    }
    keep(std::move(record));
  }
}

void VerdictPublisher::show(std::vector<VerdictRecord> open, const Evaluation& evaluation) {
  open_ = std::move(open);
  std::sort(open_.begin(), open_.end(), [](const VerdictRecord& a, const VerdictRecord& b) {
    return std::tuple(b.severity, a.opened, a.id) < std::tuple(a.severity, b.opened, b.id);
  });
  evaluation_ = evaluation;
  ++evaluations_;
  evaluation_seconds_ += std::chrono::duration<double>(evaluation.duration).count();
}

void VerdictPublisher::note(Type type, VerdictRecord record) {
  last_id_ = std::max(last_id_, record.id);
  changed_.add(record.id);
  if (type == Type::kOpened) {
    ++opened_counts_[{record.kind, record.severity}];
    // It may have come back.
    std::erase_if(closed_, [&](const VerdictRecord& other) { return other.id == record.id; });
  }
  if (type == Type::kClosed) {
    ++closed_counts_[{record.kind, record.severity}];
    keep(std::move(record));
  }
}

void VerdictPublisher::keep(VerdictRecord record) {
  closed_.push_back(std::move(record));
  if (closed_.size() > options_.closed_max) closed_.pop_front();
}

void VerdictPublisher::forget(Now now) {
  proven_ = wall_guard_.proven(now);
  const WallTime oldest = oldest_kept();
  while (!closed_.empty() && *closed_.front().closed < oldest) closed_.pop_front();
}

WallTime VerdictPublisher::oldest_kept() const {
  const WallTime by_age = proven_ ? *proven_ - options_.age_max : WallTime();
  if (closed_.size() < options_.closed_max) return by_age;
  return std::max(by_age, *closed_.front().closed);
}

WallTime VerdictPublisher::known_since(WallTime now) const {
  return std::max({oldest_kept(), now - options_.age_max, options_.began});
}

std::size_t VerdictPublisher::count(Severity severity) const {
  return static_cast<std::size_t>(std::count_if(
      open_.begin(), open_.end(),
      [severity](const VerdictRecord& record) { return record.severity == severity; }));
}

VerdictPublisher::Changes VerdictPublisher::take_changes(std::size_t rows_max) {
  Changes changes;
  changes.oldest_kept = oldest_kept();
  if (changed_.size() == 0) return changes;
  std::unordered_map<std::uint64_t, const VerdictRecord*> held;
  for (const VerdictRecord& record : closed_) held[record.id] = &record;
  for (const VerdictRecord& record : open_) held[record.id] = &record;
  changes.last = changed_.take(rows_max, [&](std::uint64_t id) {
    if (const auto found = held.find(id); found != held.end()) {
      changes.records.push_back(*found->second);
    } else {
      changes.gone.push_back(id);
    }
  });
  return changes;
}

}  // namespace meshcheck::server
