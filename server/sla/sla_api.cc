#include "server/sla/sla_api.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "mesh/sla/episode_message.h"
#include "server/sla/sla_answer.h"

namespace meshcheck::server {
namespace {

using nlohmann::json;

// What is more is made on the reader's thread, so that no network loop is held up by it.
constexpr std::size_t kSummariesAtOnce = 200;

// With one lock after the other.
SlaAnswer gather(const SlaAccess& access, SlaQuery query, SlaAnswer::Form form) {
  SlaAnswer answer{.query = std::move(query), .form = form};
  answer.target = answer.query.target.value_or(access.tables.target);
  const sla::Seconds from = answer.query.range.from;
  const sla::Seconds to = answer.query.end();
  answer.downtimes = access.tables.downtimes.with(
      [&](const sla::DowntimeTable& table) { return table.within(from, to); });
  if (form == SlaAnswer::Form::kJson) answer.verdicts = access.verdicts_within(from, to);
  answer.histories = access.tables.table.with([&](const sla::SlaTable& table) {
    return table.histories(answer.query.group, answer.query.probe, answer.days());
  });
  return answer;
}

http::Response no_such_probe() {
  return http::Response::error(404, "There is no such probe.");
}

http::Response read_and_answer(store::Connection& database, SlaAnswer& answer) {
  const SlaSelection selection = answer.selection();
  const auto read = read_histories(database, selection, answer.histories);
  if (!read) return http::Response::error(503, read.error().message());
  switch (*read) {
    case SlaReading::kDone:
      break;
    case SlaReading::kTooManyDays:
      return http::Response::error(400, "from, to: more than " +
                                            std::to_string(selection.days_max) +
                                            " days of all probes together; ask for less time or "
                                            "fewer probes");
    case SlaReading::kTooManyRollups:
      return http::Response::error(
          400, "step: more than " + std::to_string(selection.rollups_max) +
                   " days of all probes together in which a step or a downtime may end; ask for "
                   "steps of whole days, less time or fewer probes");
  }
  return answer.response();
}

http::Response answer_query(const SlaAccess& access, const http::Request& request, SlaQuery query,
                            SlaAnswer::Form form) {
  SlaAnswer answer = gather(access, std::move(query), form);
  const sla::DayNumber first_day =
      access.tables.table.with([](const sla::SlaTable& table) { return table.first_day(); });
  const bool held = answer.days().from >= first_day;
  const std::size_t summaries = answer.histories.size() * answer.query.range.steps;
  if (access.database == nullptr || (held && summaries <= kSummariesAtOnce))
    return answer.response();
  const bool asked = access.database->reader.read(
      access.pending(request), [answer = std::move(answer)](store::Connection& database) mutable {
        return read_and_answer(database, answer);
      });
  return asked ? http::Response::answered_later() : database_busy();
}

// Empty if anything was taken.
std::string refusals(const sla::SlaTable::Counts& before, const sla::SlaTable::Counts& after) {
  if (after.accepted != before.accepted) return "";
  return sla::encode_refusals({after.too_old - before.too_old, after.in_future - before.in_future,
                               after.not_aligned - before.not_aligned,
                               after.not_fitting - before.not_fitting,
                               after.too_many_probes - before.too_many_probes});
}

}  // namespace

http::Response post_episodes(const SlaAccess& access, const http::Request& request) {
  if (!request.says_json()) {
    return http::Response::error(400, "Content-Type: application/json is expected");
  }
  const auto message = sla::parse_episode_message(request.body);
  if (!message) return http::Response::error(400, message.error().message());
  const WallTime now = WallClock::now();
  std::string refused;
  const std::uint64_t change = access.tables.table.with([&](sla::SlaTable& table) {
    const sla::SlaTable::Counts before = table.counts();
    const std::uint64_t taken = table.take(*message, now);
    if (!message->episodes.empty()) refused = refusals(before, table.counts());
    return taken;
  });
  if (!refused.empty()) return http::Response::json(refused);
  if (change == 0 || access.database == nullptr) return http::Response::json("{}");
  if (!access.database->writer.when_written(access.pending(request), change))
    return database_busy();
  return http::Response::answered_later();
}

http::Response delete_probe(const SlaAccess& access, const http::Request& request, const Log& log) {
  const std::size_t slash = request.parameter.find('/');
  const sla::ProbeRef ref{std::string(request.parameter.substr(0, slash)),
                          std::string(request.parameter.substr(slash + 1))};
  if (!sla::is_name(ref.group) || !sla::is_name(ref.probe)) {
    return http::Response::error(
        400, "group, probe: 1 to 128 of letters, digits, '-', '_' and '.' each");
  }
  // Before the rows, so that nobody writes new ones behind them.
  const bool held =
      access.tables.table.with([&](sla::SlaTable& table) { return table.erase(ref); });
  const auto deleted = [log, ref] {
    log.info("probe of the SLA deleted", {{"group", ref.group}, {"probe", ref.probe}});
    http::Response response;
    response.status = 204;
    return response;
  };
  if (access.database == nullptr) {
    return held ? deleted() : no_such_probe();
  }
  const bool asked = access.database->writer.write(
      access.pending(request),
      {.run = [ref](store::Connection& database) { return erase_probe(database, ref); },
       .done = deleted,
       .failed =
           [held, deleted](const Error& error) {
             if (error.kind() != Error::Kind::kNotFound) return database_failed(error);
             // It was not written yet.
             return held ? deleted() : no_such_probe();
           }});
  return asked ? http::Response::answered_later() : database_busy();
}

http::Response get_probes(const SlaAccess& access, const http::Request&) {
  const auto refs =
      access.tables.table.with([](const sla::SlaTable& table) { return table.probes(); });
  json list = json::array();
  for (const sla::ProbeRef& ref : refs) {
    if (!ref.is_total()) list.push_back({{"group", ref.group}, {"probe", ref.probe}});
  }
  http::Response response = http::Response::json(list.dump());
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  return response;
}

http::Response get_status_range(const SlaAccess& access, const http::Request& request) {
  auto query = parse_range_query(request, WallClock::now());
  if (!query) return http::Response::error(400, query.error().message());
  return answer_query(access, request, *std::move(query), SlaAnswer::Form::kUpmeter);
}

http::Response get_sla(const SlaAccess& access, const http::Request& request) {
  auto query = parse_sla_query(request, WallClock::now());
  if (!query) return http::Response::error(400, query.error().message());
  const auto form = query->csv ? SlaAnswer::Form::kCsv : SlaAnswer::Form::kJson;
  return answer_query(access, request, *std::move(query), form);
}

}  // namespace meshcheck::server
