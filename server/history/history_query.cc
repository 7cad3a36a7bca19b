#include "server/history/history_query.h"

#include <algorithm>
#include <array>

#include "lib/http/query.h"
#include "server/history/history_store.h"

namespace meshcheck::server {
namespace {

using history::RecentHistory;
using history::Seconds;
using std::chrono::seconds;

constexpr std::chrono::hours kLengthDefault{1};

seconds kept_step(seconds age) {
  if (age <= RecentHistory::kLength) return RecentHistory::kStep;
  return age <= kMinutesKept ? seconds(kMinuteStep) : seconds(kLongStep);
}

std::int64_t divide_up(seconds length, seconds by) {
  return (length + by - seconds(1)) / by;
}

}  // namespace

void HistoryQuery::read_steps_of(seconds step_kept) {
  kept = step_kept;
  from -= from.time_since_epoch() % kept;
  const auto most = static_cast<std::int64_t>(points_max);
  const std::int64_t count = divide_up(to - from, kept);
  step = std::max<std::int64_t>(1, (count + most - 1) / most) * kept;
  if (most == 1) return;  // A border between two steps may always be within.
  const auto aligned = [&] { return from - from.time_since_epoch() % step; };
  while (divide_up(to - aligned(), step) > most) step += kept;
  from = aligned();
}

Result<HistoryQuery> parse_history_query(const http::Request& request, WallTime now, bool stored) {
  constexpr std::array<std::string_view, 5> kKeys = {"node", "layer", "from", "to", "points"};
  if (auto known = http::check_query_keys(request, kKeys); !known) return known.error();
  HistoryQuery query;
  query.key.node = request.query_value("node");
  if (query.key.node.empty()) return Error("node: the name of a node is expected");
  const auto layer = http::query_choice(request, "layer", mesh::kLayers);
  if (!layer) return layer.error();
  query.key.layer = layer->value_or(mesh::Layer::kPod);
  const auto to = http::query_time(request, "to", now);
  if (!to) return to.error();
  const auto from = http::query_time(request, "from", now);
  if (!from) return from.error();
  const auto points =
      http::query_number<std::size_t>(request, "points", 1, HistoryQuery::kPointsMax);
  if (!points) return points.error();
  query.points_max = points->value_or(query.points_max);
  const Seconds current = std::chrono::floor<seconds>(now);
  query.to = std::min(std::chrono::ceil<seconds>(to->value_or(now)), current);
  query.from = *from ? std::chrono::floor<seconds>(**from) : query.to - kLengthDefault;
  if (query.from >= query.to) return Error("from: it is not before to and now");
  if (query.to - query.from > HistoryQuery::kLengthMax) {
    return Error("from: more than ten years before to");
  }
  if (!stored) {
    query.from = std::max(query.from, current - RecentHistory::kLength);
    query.to = std::max(query.to, query.from + seconds(1));
  }
  query.read_steps_of(kept_step(current - query.from));
  return query;
}

}  // namespace meshcheck::server
