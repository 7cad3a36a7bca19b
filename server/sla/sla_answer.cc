#include "server/sla/sla_answer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "lib/base/csv.h"
#include "lib/base/time.h"
#include "mesh/sla/downtime_item.h"

namespace meshcheck::server {
namespace {

using nlohmann::json;
using sla::Downtime;
using sla::ProbeRef;
using sla::Seconds;
using sla::Summary;

using Downtimes = std::vector<const Downtime*>;

// One probe's row of an answer.
struct Series {
  ProbeRef ref;
  Downtimes downtimes;  // That affect it.
  Downtimes muting;     // Those of them that were asked to mute.
  std::vector<Summary> steps;
  Summary total;
};

Series series_of(const SlaAnswer& answer, const ProbeRef& ref, const sla::History& history) {
  Series series{.ref = ref};
  for (const Downtime& downtime : answer.downtimes) {
    if (!downtime.affects(ref)) continue;
    series.downtimes.push_back(&downtime);
    if (answer.query.mutes(downtime.type)) series.muting.push_back(&downtime);
  }
  series.steps = sla::summarize(history, answer.query.range, sla::MutedTime(series.muting));
  for (const Summary& step : series.steps) series.total += step;
  return series;
}

bool has_data(const sla::History& history, const SlaSelection& selection) {
  const auto begin = history.lower_bound(selection.from);
  const auto end = history.lower_bound(selection.to);
  return std::any_of(
      begin, end, [](const auto& day) { return day.second.sum.measured() > sla::Milliseconds(0); });
}

std::vector<Series> all_series(const SlaAnswer& answer) {
  const SlaSelection selection = answer.selection();
  std::vector<Series> all;
  for (const auto& [ref, history] : answer.histories) {
    if (!answer.query.totals && ref.is_total()) continue;
    if (has_data(history, selection)) all.push_back(series_of(answer, ref, history));
  }
  return all;
}

std::int64_t unix_seconds(Seconds time) {
  return time.time_since_epoch().count();
}

Downtimes overlapping(const Downtimes& downtimes, Seconds from, Seconds to) {
  Downtimes found;
  std::ranges::copy_if(downtimes, std::back_inserter(found),
                       [&](const Downtime* downtime) { return downtime->overlaps(from, to); });
  return found;
}

std::string text_of(const json& value) {
  // A file may have had bytes that are not UTF-8.
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// --- upmeter's form: nanoseconds, and a total whose time is -1 ---

json incident(const Downtime& downtime) {
  return {{"start", unix_seconds(downtime.start)},
          {"end", unix_seconds(downtime.end)},
          {"duration", 0},
          {"type", text(downtime.type)},
          {"description", downtime.description},
          {"affected", downtime.affected},
          {"downtimeName", downtime.name}};
}

json upmeter_summary(const Summary& summary, Seconds from, Seconds to) {
  const auto nanoseconds = [](sla::Milliseconds time) {
    return std::chrono::nanoseconds(time).count();
  };
  return {{"ts", unix_seconds(from)},
          {"start", format_rfc3339(from)},
          {"end", format_rfc3339(to)},
          {"up", nanoseconds(summary.timers.up)},
          {"down", nanoseconds(summary.timers.down)},
          {"unknown", nanoseconds(summary.timers.unknown)},
          {"muted", nanoseconds(summary.muted)},
          {"nodata", nanoseconds(summary.nodata)},
          {"slot_size", nanoseconds(to - from)},
          {"downtimes", nullptr}};
}

json upmeter_series(const SlaQuery& query, const Series& series) {
  const sla::Range& range = query.range;
  json steps = json::array();
  for (std::size_t i = 0; i < series.steps.size(); ++i) {
    json step = upmeter_summary(series.steps[i], range.start_of(i), range.end_of(i));
    for (const Downtime* downtime :
         overlapping(series.muting, range.start_of(i), range.end_of(i))) {
      step["downtimes"].push_back(incident(*downtime));
    }
    steps.push_back(std::move(step));
  }
  json total = upmeter_summary(series.total, range.from, query.end());
  total["ts"] = -1;
  total["slot_size"] = 0;
  steps.push_back(std::move(total));
  return steps;
}

std::string upmeter_text(const SlaAnswer& answer, const std::vector<Series>& all) {
  const SlaQuery& query = answer.query;
  json statuses = json::object();
  for (const Series& series : all) {
    statuses[series.ref.group][series.ref.probe] = upmeter_series(query, series);
  }
  json incidents = json::array();
  for (const Downtime& downtime : answer.downtimes) {
    const bool concerns = downtime.affects({query.group, std::string(sla::kTotal)}) ||
                          downtime.affects({query.group, query.probe});
    if (concerns && query.mutes(downtime.type)) incidents.push_back(incident(downtime));
  }
  return text_of({{"step", query.range.step.count()},
                  {"from", unix_seconds(query.range.from)},
                  {"to", unix_seconds(query.range.to)},
                  {"statuses", std::move(statuses)},
                  {"episodes", nullptr},
                  {"incidents", std::move(incidents)}});
}

// --- ours: milliseconds, states, verdicts, the budget ---

json times_of(const Summary& summary) {
  const auto available = sla::availability(summary);
  return {{"up_ms", summary.timers.up.count()},
          {"down_ms", summary.timers.down.count()},
          {"unknown_ms", summary.timers.unknown.count()},
          {"muted_ms", summary.muted.count()},
          {"nodata_ms", summary.nodata.count()},
          {"availability_percent", available ? json(*available * 100) : json()}};
}

json verdicts_of(const SlaAnswer& answer, Seconds from, Seconds to) {
  json verdicts = json::array();
  for (const ShownVerdict& verdict : answer.verdicts) {
    const bool open = verdict.opened < to && (!verdict.closed || *verdict.closed > from);
    if (!open) continue;
    verdicts.push_back(
        {{"id", verdict.id}, {"kind", verdict.kind}, {"sentence", verdict.sentence}});
    if (verdicts.size() == SlaAnswer::kVerdictsMax) break;
  }
  return verdicts;
}

sla::StepVerdict judged(const SlaAnswer& answer, const Series& series, std::size_t index) {
  const Seconds from = answer.query.range.start_of(index);
  const Seconds to = answer.query.range.end_of(index);
  return sla::judge(
      {.summary = series.steps[index], .from = from, .to = to, .target = answer.target},
      overlapping(series.downtimes, from, to), overlapping(series.muting, from, to));
}

json step_of(const SlaAnswer& answer, const Series& series, std::size_t index) {
  const Seconds from = answer.query.range.start_of(index);
  const Seconds to = answer.query.range.end_of(index);
  const sla::StepVerdict verdict = judged(answer, series, index);
  json step = times_of(series.steps[index]);
  step["start"] = format_rfc3339(from);
  step["end"] = format_rfc3339(to);
  step["state"] = text(verdict.state);
  if (verdict.downtime != nullptr) step["downtime"] = verdict.downtime->uid;
  if (series.steps[index].timers.down > sla::Milliseconds(0)) {
    step["verdicts"] = verdicts_of(answer, from, to);
  }
  return step;
}

std::string json_text(const SlaAnswer& answer, const std::vector<Series>& all) {
  json rows = json::array();
  for (const Series& series : all) {
    json steps = json::array();
    for (std::size_t i = 0; i < series.steps.size(); ++i) {
      steps.push_back(step_of(answer, series, i));
    }
    const sla::ErrorBudget budget = sla::error_budget(series.total, answer.target);
    json total = times_of(series.total);
    total["budget"] = {{"allowed_ms", budget.allowed.count()},
                       {"used_ms", budget.used.count()},
                       {"left_ms", budget.left().count()}};
    rows.push_back({{"group", series.ref.group},
                    {"probe", series.ref.probe},
                    {"steps", std::move(steps)},
                    {"total", std::move(total)}});
  }
  json downtimes = json::array();
  for (const Downtime& downtime : answer.downtimes) downtimes.push_back(sla::to_json(downtime));
  return text_of({{"from", format_rfc3339(answer.query.range.from)},
                  {"to", format_rfc3339(answer.query.end())},
                  {"step_seconds", answer.query.range.step.count()},
                  {"target", answer.target},
                  {"series", std::move(rows)},
                  {"downtimes", std::move(downtimes)}}) +
         "\n";
}

void append_csv_row(std::string& csv, const SlaAnswer& answer, const Series& series,
                    std::size_t index) {
  const Summary& step = series.steps[index];
  append_csv_cell(csv, series.ref.group);
  append_csv_cell(csv, series.ref.probe);
  append_csv_cell(csv, format_rfc3339(answer.query.range.start_of(index)));
  append_csv_cell(csv, format_rfc3339(answer.query.range.end_of(index)));
  for (const sla::Milliseconds time :
       {step.timers.up, step.timers.down, step.timers.unknown, step.muted, step.nodata}) {
    append_csv_cell(csv, std::to_string(time.count()));
  }
  std::array<char, 32> percent{};
  if (const auto available = sla::availability(step)) {
    std::snprintf(percent.data(), percent.size(), "%.4f", *available * 100);
  }
  append_csv_cell(csv, percent.data());
  const sla::StepVerdict verdict = judged(answer, series, index);
  append_csv_cell(csv, text(verdict.state));
  append_csv_cell(csv, verdict.downtime == nullptr ? "" : verdict.downtime->uid);
  end_csv_row(csv);
}

std::string csv_text(const SlaAnswer& answer, const std::vector<Series>& all) {
  std::string csv =
      "group,probe,start,end,up_ms,down_ms,unknown_ms,muted_ms,nodata_ms,availability_percent,"
      "state,downtime\r\n";
  for (const Series& series : all) {
    for (std::size_t i = 0; i < series.steps.size(); ++i) append_csv_row(csv, answer, series, i);
  }
  return csv;
}

}  // namespace

sla::SlaTable::Days SlaAnswer::days() const {
  return {.from = sla::day_of(query.range.from),
          .to = sla::day_of(query.end() - std::chrono::seconds(1)) + 1};
}

SlaSelection SlaAnswer::selection() const {
  SlaSelection selection{.group = query.group, .probe = query.probe};
  selection.from = days().from;
  selection.to = days().to;
  // Asked of all days of a probe one after the other.
  selection.wants_rollups = [this, last = ProbeRef(), muted = sla::MutedTime()](
                                const ProbeRef& ref, sla::DayNumber day) mutable {
    if (ref != last) {
      Downtimes muting;
      for (const Downtime& downtime : downtimes) {
        if (query.mutes(downtime.type) && downtime.affects(ref)) muting.push_back(&downtime);
      }
      muted = sla::MutedTime(muting);
      last = ref;
    }
    return sla::wants_rollups(day, query.range, muted);
  };
  return selection;
}

http::Response SlaAnswer::response() const {
  const std::size_t summaries = histories.size() * query.range.steps;
  if (summaries > SlaQuery::kStepsMax) {
    return http::Response::error(400, "step: " + std::to_string(summaries) +
                                          " steps of all probes together; at most " +
                                          std::to_string(SlaQuery::kStepsMax) + " are answered");
  }
  const std::vector<Series> all = all_series(*this);
  if (form == Form::kJson) return http::Response::json(json_text(*this, all));
  http::Response response = http::Response::json({});
  if (form == Form::kUpmeter) {
    response.body = upmeter_text(*this, all);
    response.headers.emplace_back("Access-Control-Allow-Origin", "*");
    return response;
  }
  response.content_type = "text/csv; charset=utf-8";
  response.body = csv_text(*this, all);
  return response;
}

}  // namespace meshcheck::server
