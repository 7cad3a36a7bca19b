#include "server/verdicts/verdict_store.h"

#include <chrono>
#include <optional>
#include <string>

namespace meshcheck::server {
namespace {

using verdict::Severity;

std::int64_t milliseconds(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime wall_time(std::int64_t milliseconds) {
  return WallTime(std::chrono::milliseconds(milliseconds));
}

Severity severity_of(std::string_view text) {
  for (const Severity severity : {Severity::kCritical, Severity::kWarning}) {
    if (text == verdict::text(severity)) return severity;
  }
  return Severity::kInfo;
}

Result<void> write_verdict(store::Connection& database, const VerdictRecord& record) {
  auto statement = database.cached(
      "INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
      "opened_ms = excluded.opened_ms, closed_ms = excluded.closed_ms, ending = excluded.ending, "
      "kind = excluded.kind, severity = excluded.severity, layer = excluded.layer, "
      "subject = excluded.subject, sentence = excluded.sentence, "
      "next_command = excluded.next_command, details = excluded.details");
  if (!statement) return statement.error();
  const auto text = [](const std::string& value) { return std::string_view(value); };
  std::optional<std::int64_t> closed;
  if (record.closed) closed = milliseconds(*record.closed);
  return (*statement)
      ->bind_all(record.id, milliseconds(record.opened), closed, server::text(record.ending),
                 text(record.kind), verdict::text(record.severity), text(record.layer),
                 text(record.subject), text(record.sentence), text(record.next_command),
                 text(record.details))
      .run();
}

VerdictRecord record_of(const store::Statement& row) {
  VerdictRecord record{.id = static_cast<std::uint64_t>(row.int64(0)),
                       .opened = wall_time(row.int64(1)),
                       .closed = {},
                       .ending = ending_of(row.text(3)).value_or(Ending::kHealed),
                       .kind = std::string(row.text(4)),
                       .severity = severity_of(row.text(5)),
                       .layer = std::string(row.text(6)),
                       .subject = std::string(row.text(7)),
                       .sentence = std::string(row.text(8)),
                       .next_command = std::string(row.text(9)),
                       .details = std::string(row.text(10))};
  if (!row.is_null(2)) record.closed = wall_time(row.int64(2));
  return record;
}

}  // namespace

Result<std::vector<VerdictRecord>> read_verdicts(store::Connection& database) {
  auto rows = database.prepare(
      "SELECT id, opened_ms, closed_ms, ending, kind, severity, layer, subject, sentence, "
      "next_command, details FROM verdict ORDER BY closed_ms IS NULL, closed_ms, id");
  if (!rows) return rows.error();
  std::vector<VerdictRecord> records;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return records;
    records.push_back(record_of(*rows));
  }
}

Result<void> write_verdicts(store::Connection& database, const VerdictPublisher::Changes& changes) {
  if (changes.empty()) return {};
  for (const VerdictRecord& record : changes.records) {
    if (auto written = write_verdict(database, record); !written) return written;
  }
  for (const std::uint64_t id : changes.gone) {
    auto gone = database.cached("DELETE FROM verdict WHERE id = ?");
    if (!gone) return gone.error();
    if (auto erased = (*gone)->bind_all(id).run(); !erased) return erased;
  }
  auto old = database.cached("DELETE FROM verdict WHERE closed_ms < ?");
  if (!old) return old.error();
  return (*old)->bind_all(milliseconds(changes.oldest_kept)).run();
}

}  // namespace meshcheck::server
