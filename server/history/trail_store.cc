#include "server/history/trail_store.h"

#include <optional>
#include <span>

#include "mesh/history/deflate.h"

namespace meshcheck::server {
namespace {

using history::Trail;

// Eight paths of 60 samples are below 20 KB.
constexpr std::size_t kTrailSizeMax = std::size_t{1} << 20U;

std::optional<Trail::Moment> moment_of(std::string_view text) {
  for (const auto moment : {Trail::Moment::kOpened, Trail::Moment::kClosed}) {
    if (history::text(moment) == text) return moment;
  }
  return std::nullopt;
}

}  // namespace

Result<void> write_trails(store::Connection& database, const std::vector<TrailRow>& rows) {
  auto insert = database.cached(
      "INSERT INTO verdict_trail VALUES (?, ?, ?) ON CONFLICT (verdict, moment) DO UPDATE SET "
      "trail = excluded.trail");
  if (!insert) return insert.error();
  for (const TrailRow& row : rows) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(row.json.data()), row.json.size());
    const history::Bytes trail = history::deflate(bytes);
    auto written = (*insert)
                       ->bind_all(static_cast<std::int64_t>(row.verdict), history::text(row.moment),
                                  std::span<const std::uint8_t>(trail))
                       .run();
    if (!written) return written;
  }
  // The verdict itself may not be written yet, but then there are no younger ones.
  auto forget = database.cached(
      "DELETE FROM verdict_trail WHERE verdict NOT IN (SELECT id FROM verdict) AND verdict < "
      "(SELECT max(id) FROM verdict)");
  if (!forget) return forget.error();
  return (*forget)->bind_all().run();
}

Result<std::vector<std::pair<Trail::Moment, std::string>>> read_trails(store::Connection& database,
                                                                       std::uint64_t verdict) {
  auto select = database.cached("SELECT moment, trail FROM verdict_trail WHERE verdict = ?");
  if (!select) return select.error();
  auto& statement = (*select)->bind_all(static_cast<std::int64_t>(verdict));
  std::vector<std::pair<Trail::Moment, std::string>> trails;
  for (;;) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return trails;
    const auto moment = moment_of(statement.text(0));
    const auto bytes = history::inflate(statement.blob(1), kTrailSizeMax);
    if (!moment || !bytes) continue;
    trails.emplace_back(*moment, std::string(bytes->begin(), bytes->end()));
  }
}

}  // namespace meshcheck::server
