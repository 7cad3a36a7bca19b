#include "server/verdicts/verdict_board.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace meshcheck::server {

using verdict::Severity;
using Type = verdict::VerdictEvent::Type;

void VerdictBoard::restore(std::vector<VerdictRecord> records, WallTime now) {
  for (VerdictRecord& record : records) {
    last_id_ = std::max(last_id_, record.id);
    if (!record.closed) {
      record.closed = now;
      record.ending = Ending::kRestart;
      change(record);
    }
    keep(std::move(record));
  }
}

void VerdictBoard::show(std::vector<VerdictRecord> open, const Evaluation& evaluation) {
  open_ = std::move(open);
  std::sort(open_.begin(), open_.end(), [](const VerdictRecord& a, const VerdictRecord& b) {
    return std::tuple(b.severity, a.opened, a.id) < std::tuple(a.severity, b.opened, b.id);
  });
  evaluation_ = evaluation;
  ++evaluations_;
  evaluation_seconds_ += std::chrono::duration<double>(evaluation.duration).count();
}

void VerdictBoard::note(Type type, VerdictRecord record) {
  last_id_ = std::max(last_id_, record.id);
  change(record);
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

void VerdictBoard::keep(VerdictRecord record) {
  closed_.push_back(std::move(record));
  if (closed_.size() > options_.closed_max) closed_.pop_front();
}

void VerdictBoard::forget(WallTime now) {
  const WallTime oldest = oldest_kept(now);
  while (!closed_.empty() && *closed_.front().closed < oldest) closed_.pop_front();
}

WallTime VerdictBoard::oldest_kept(WallTime now) const {
  const WallTime by_age = now - options_.age_max;
  if (closed_.size() < options_.closed_max) return by_age;
  return std::max(by_age, *closed_.front().closed);
}

std::size_t VerdictBoard::count(Severity severity) const {
  return static_cast<std::size_t>(std::count_if(
      open_.begin(), open_.end(),
      [severity](const VerdictRecord& record) { return record.severity == severity; }));
}

void VerdictBoard::change(const VerdictRecord& record) {
  if (options_.track_changes) changes_.insert_or_assign(record.id, record);
}

VerdictBoard::Changes VerdictBoard::take_changes(WallTime now) {
  Changes changes{.records = {}, .oldest_kept = oldest_kept(now)};
  for (auto& [id, record] : changes_) changes.records.push_back(std::move(record));
  changes_.clear();
  return changes;
}

void VerdictBoard::put_back(const Changes& changes) {
  for (const VerdictRecord& record : changes.records) changes_.try_emplace(record.id, record);
  // While the disk fails, no more is kept for it than it may hold.
  while (changes_.size() > options_.closed_max) changes_.erase(changes_.begin());
}

}  // namespace meshcheck::server
