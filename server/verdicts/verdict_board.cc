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

void VerdictBoard::write_metrics(metrics::TextWriter& writer) const {
  using MetricType = metrics::TextWriter::Type;
  writer.family("meshcheck_verdict", MetricType::kGauge, "1 for each verdict that is open.");
  std::set<std::tuple<std::string_view, Severity, std::string_view, std::string_view>> written;
  for (const VerdictRecord& record : open_) {
    // Two may differ in what is no label.
    if (!written.emplace(record.kind, record.severity, record.layer, record.subject).second) {
      continue;
    }
    writer.sample({{"kind", record.kind},
                   {"severity", text(record.severity)},
                   {"layer", record.layer},
                   {"subject", record.subject}},
                  1);
  }
  writer.family("meshcheck_verdicts_open", MetricType::kGauge, "Verdicts that are open.");
  for (const Severity severity : {Severity::kCritical, Severity::kWarning, Severity::kInfo}) {
    writer.sample({{"severity", text(severity)}}, static_cast<double>(count(severity)));
  }
  const auto write_counts = [&](std::string_view name, std::string_view help,
                                const CountsByKind& counts) {
    writer.family(name, MetricType::kCounter, help);
    for (const auto& [key, value] : counts) {
      writer.sample({{"kind", key.first}, {"severity", text(key.second)}},
                    static_cast<double>(value));
    }
  };
  write_counts("meshcheck_verdicts_opened_total",
               "Verdicts opened; one that came back counts again.", opened_counts_);
  write_counts("meshcheck_verdicts_closed_total", "Verdicts closed.", closed_counts_);
  const auto write = [&](std::string_view name, MetricType type, std::string_view help,
                         double value) {
    writer.family(name, type, help);
    writer.sample({}, value);
  };
  write("meshcheck_verdicts_left_out_total", MetricType::kCounter,
        "Findings that became no verdict because as many as can be are held.",
        static_cast<double>(evaluation_.left_out));
  write("meshcheck_verdict_evaluations_total", MetricType::kCounter, "Evaluations of the mesh.",
        static_cast<double>(evaluations_));
  write("meshcheck_verdict_evaluation_seconds_total", MetricType::kCounter,
        "Time that evaluations took.", evaluation_seconds_);
  write("meshcheck_verdict_evaluation_seconds", MetricType::kGauge,
        "Time that the last evaluation took.",
        std::chrono::duration<double>(evaluation_.duration).count());
}

}  // namespace meshcheck::server
