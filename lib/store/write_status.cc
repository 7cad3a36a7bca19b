#include "lib/store/write_status.h"

#include <utility>

namespace meshcheck::store {

WriteReporter::WriteReporter(Guarded<WriteStatus>& status, Log log, Words words)
    : status_(status), log_(log), words_(words) {
  status_.with([](WriteStatus& held) { held.enabled = true; });
}

void WriteReporter::written(const Result<void>& result, std::size_t rows,
                            std::chrono::nanoseconds commit) {
  const std::string before = status_.with([&](WriteStatus& status) {
    status.commit = commit;
    (result ? status.rows_written : status.writes_failed) += result ? rows : 1;
    return std::exchange(status.trouble, result ? "" : result.error().message());
  });
  if (result && !before.empty()) log_.info(words_.works);
  if (!result && before.empty()) log_.error(words_.fails, {{"error", result.error().message()}});
}

void WriteReporter::ended(const Result<void>& result) {
  if (result) return;
  status_.with([](WriteStatus& status) { status.lost = true; });
  log_.error(words_.lost, {{"error", result.error().message()}});
}

}  // namespace meshcheck::store
