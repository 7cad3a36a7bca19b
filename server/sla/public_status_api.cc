// GET /public/api/status: what a status page shows.
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "lib/http/query.h"
#include "mesh/sla/public_status.h"
#include "server/sla/sla_api.h"

namespace meshcheck::server {
namespace {

using nlohmann::json;
using sla::Downtime;
using sla::ProbeRef;
using sla::Seconds;
using sla::Timers;

struct Shown {
  sla::PublicStatus status = sla::PublicStatus::kNoData;
  std::optional<double> availability;
};

Shown status_of(const ProbeRef& ref, const std::array<Timers, 2>& timers,
                const std::vector<Downtime>& downtimes, Seconds from, std::chrono::seconds length) {
  std::vector<const Downtime*> muting;
  for (const Downtime& downtime : downtimes) {
    // As upmeter's page: an accident is told, all else is not held against anybody.
    if (downtime.type != sla::DowntimeType::kAccident && downtime.affects(ref)) {
      muting.push_back(&downtime);
    }
  }
  const sla::MutedTime muted(muting);
  Shown shown;
  sla::Summary sum;
  for (const Timers& stretch : timers) {
    const sla::Summary summary =
        sla::summarize(stretch, length, muted.overlap(from, from + length));
    shown.status = sla::join(shown.status, sla::public_status(summary));
    sum += summary;
    from += length;
  }
  shown.availability = sla::public_availability(sum);
  return shown;
}

}  // namespace

http::Response get_public_status(const SlaAccess& access, const http::Request& request) {
  constexpr std::array<std::string_view, 1> kKeys = {"peek"};
  if (auto known = http::check_query_keys(request, kKeys); !known) {
    return http::Response::error(400, known.error().message());
  }
  const bool peek = request.query_value("peek") == "1";
  const std::chrono::seconds length = peek ? sla::kEpisodeLength : sla::kRollupLength;
  const Seconds end =
      sla::floor_to(std::chrono::floor<std::chrono::seconds>(WallClock::now()), length);
  const Seconds begin = end - 2 * length;
  const auto stretches = access.tables.table.with([&](const sla::SlaTable& table) {
    return peek ? table.last_episodes(end) : table.last_rollups(end);
  });
  const auto downtimes = access.tables.downtimes.with(
      [&](const sla::DowntimeTable& table) { return table.within(begin, end); });
  sla::PublicStatus all = sla::PublicStatus::kNoData;
  std::map<std::string, std::pair<sla::PublicStatus, json>> groups;
  for (const auto& [ref, timers] : stretches) {
    if (ref.is_total()) continue;
    const Shown shown = status_of(ref, timers, downtimes, begin, length);
    if (!shown.availability) continue;
    auto& [status, probes] = groups[ref.group];
    status = sla::join(status, shown.status);
    probes.push_back({{"probe", ref.probe},
                      {"availability", *shown.availability},
                      {"status", text(shown.status)}});
  }
  json rows = json::array();
  for (auto& [group, row] : groups) {
    all = sla::join(all, row.first);
    rows.push_back(
        {{"status", text(row.first)}, {"group", group}, {"probes", std::move(row.second)}});
  }
  http::Response response =
      http::Response::json(json{{"status", text(all)}, {"rows", std::move(rows)}}.dump());
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  return response;
}

}  // namespace meshcheck::server
