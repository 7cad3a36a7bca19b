#include "server/history/history_api.h"

#include <cmath>
#include <utility>

#include "lib/base/json_writer.h"
#include "server/history/history_query.h"
#include "server/history/history_store.h"

namespace meshcheck::server {
namespace {

using history::Column;
using history::Point;

using Points = std::vector<Point>;

void append_value(std::string& json, Column column, std::uint16_t value) {
  if (value == Point::kNone) {
    json += "null";
    return;
  }
  switch (column) {
    case Column::kLoss:
    case Column::kLossMax:
    case Column::kLossForward:
    case Column::kLossBackward:
      // As exact as they are stored.
      append_json_number(json, std::round(history::loss_of_value(value) * 1e5) / 1e5);
      return;
    case Column::kRttP50:
    case Column::kRttP99:
      append_json_number(json, std::round(history::rtt_of_level(value).count()) / 1e3);
      return;
    default:
      json += std::to_string(value);
  }
}

// Points that are kept become the steps that were asked for.
Points in_steps(const HistoryQuery& query, Points kept) {
  const auto each = static_cast<std::size_t>(query.step / query.kept);
  if (each == 1) return kept;
  Points steps;
  for (std::size_t i = 0; i < kept.size(); i += each) {
    steps.push_back(merged(std::span(kept).subspan(i, std::min(each, kept.size() - i))));
  }
  return steps;
}

http::Response response_of(const HistoryQuery& query, Points kept) {
  const Now time = now();
  const Points points = in_steps(query, std::move(kept));
  std::string json = "{";
  append_json_member(json, "time", time_text(time.steady, time));
  append_json_member(json, "node", query.key.node);
  append_json_member(json, "layer", text(query.key.layer));
  append_json_member(json, "start", format_rfc3339(query.from));
  append_json_number(json, "step_s", static_cast<std::uint64_t>(query.step.count()));
  for (std::size_t i = 0; i < history::kColumns; ++i) {
    const auto column = static_cast<Column>(i);
    append_json_key(json, text(column));
    json += '[';
    for (const Point& point : points) {
      if (json.back() != '[') json += ',';
      append_value(json, column, point[column]);
    }
    json += ']';
  }
  return http::Response::json(json + "}\n");
}

}  // namespace

http::Response get_history(const HistoryAccess& access, const http::Request& request) {
  auto query = parse_history_query(request, now().wall, access.database != nullptr);
  if (!query) return http::Response::error(400, query.error().message());
  if (query->is_recent()) {
    return response_of(*query, access.tables.recent.with([&](const history::RecentHistory& recent) {
      return recent.read(query->key, query->from, query->to);
    }));
  }
  const bool asked = access.database->read(
      {access.thread, request.ticket}, [query = *std::move(query)](store::Connection& database) {
        auto points = read_history(database, query.key, query.kept, query.from, query.to);
        return points ? response_of(query, *std::move(points))
                      : http::Response::error(503, points.error().message());
      });
  return asked ? http::Response::answered_later() : database_busy();
}

}  // namespace meshcheck::server
