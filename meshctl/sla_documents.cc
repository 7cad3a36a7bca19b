#include "meshctl/sla_documents.h"

#include <array>
#include <cstdio>

#include "lib/base/duration.h"
#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

std::int64_t seconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

WallTime time_of(std::int64_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

Cell length_cell(const Json& times, std::string_view key, Paint paint = Paint::kNone) {
  const std::int64_t length = integer_at(times, key);
  const std::string sign = length < 0 ? "-" : "";
  const auto shown = std::chrono::milliseconds(length < 0 ? -length : length);
  return Cell(sign + format_duration(shown), length == 0 ? Paint::kNone : paint)
      .with_value(std::to_string(length));
}

Cell percent_cell(const Json& times, double target) {
  const Json& percent = member_at(times, "availability_percent");
  if (!percent.is_number()) return Cell::none();
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.3f %%", percent.get<double>());
  const bool kept = percent.get<double>() >= target * 100;
  return Cell(std::string(text.data(), static_cast<std::size_t>(size)),
              kept ? Paint::kGood : Paint::kBad)
      .with_value(percent.dump());
}

std::string state_of(const Json& downtime, WallTime now) {
  if (integer_at(downtime, "startDate") > seconds_of(now)) return "planned";
  return integer_at(downtime, "endDate") > seconds_of(now) ? "running" : "ended";
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : " ") + text;
  return out;
}

void add_row(Document& document, const Json& downtime, WallTime now) {
  const WallTime start = time_of(integer_at(downtime, "startDate"));
  const WallTime end = time_of(integer_at(downtime, "endDate"));
  document.names.push_back("downtime/" + text_at(downtime, "uid"));
  document.table.rows.push_back(
      {text_at(downtime, "uid"), text_at(downtime, "name"), text_at(downtime, "type"),
       state_of(downtime, now), Cell(local_time(start)).with_value(format_rfc3339(start)),
       Cell(local_time(end)).with_value(format_rfc3339(end)), text_at(downtime, "source"),
       joined(texts_at(downtime, "affected")), text_at(downtime, "description")});
}

Document empty_downtimes() {
  Document document;
  document.table.columns = {{.name = "uid"},
                            {.name = "name"},
                            {.name = "type"},
                            {.name = "state"},
                            {.name = "start"},
                            {.name = "end"},
                            {.name = "source", .wide = true},
                            {.name = "affected", .wide = true},
                            {.name = "description", .wide = true}};
  return document;
}

}  // namespace

Document sla_document(const Json& answer) {
  Document document;
  document.tree = answer;
  document.table.columns = {{.name = "group"},
                            {.name = "probe"},
                            {.name = "availability", .right = true},
                            {.name = "down", .right = true},
                            {.name = "unknown", .right = true},
                            {.name = "muted", .right = true},
                            {.name = "no_data", .wide = true, .right = true},
                            {.name = "budget_left", .right = true},
                            {.name = "budget", .wide = true, .right = true}};
  const double target = number_at(answer, "target");
  for (const Json& series : member_at(answer, "series")) {
    const Json& total = member_at(series, "total");
    const Json& budget = member_at(total, "budget");
    const bool overdrawn = integer_at(budget, "left_ms") < 0;
    document.names.push_back("probe/" + text_at(series, "group") + '/' + text_at(series, "probe"));
    document.table.rows.push_back(
        {text_at(series, "group"), text_at(series, "probe"), percent_cell(total, target),
         length_cell(total, "down_ms", Paint::kBad), length_cell(total, "unknown_ms"),
         length_cell(total, "muted_ms"), length_cell(total, "nodata_ms"),
         length_cell(budget, "left_ms", overdrawn ? Paint::kBad : Paint::kNone),
         length_cell(budget, "allowed_ms")});
  }
  if (document.names.empty()) {
    document.table_shown = false;
    document.lead = "no probe has data in that time\n";
  }
  return document;
}

Document downtimes_document(const Json& answer, WallTime now) {
  Document document = empty_downtimes();
  document.tree = answer;
  for (const Json& downtime : member_at(answer, "downtimes")) add_row(document, downtime, now);
  if (document.names.empty()) {
    document.table_shown = false;
    document.lead = "no downtime\n";
  }
  for (const Json& refused : member_at(answer, "refused")) {
    document.tail += "refused: " +
                     printable(text_at(refused, "source") + ' ' + text_at(refused, "name") + ' ' +
                               text_at(refused, "item") + ": " + text_at(refused, "reason")) +
                     '\n';
  }
  return document;
}

Document downtime_document(const Json& downtime, WallTime now) {
  Document document = empty_downtimes();
  document.tree = downtime;
  add_row(document, downtime, now);
  return document;
}

Result<DowntimeEnd> end_of_downtime(const Json& answer, const std::string& uid, WallTime now) {
  for (const Json& downtime : member_at(answer, "downtimes")) {
    if (text_at(downtime, "uid") != uid) continue;
    const std::string source = text_at(downtime, "source");
    if (source != "api") {
      std::string what = "downtime " + uid;
      what += " is not the API's; end it in its ";
      return Error(what += source);
    }
    const std::string state = state_of(downtime, now);
    if (state == "ended") return Error("downtime " + uid + " has ended");
    if (state == "planned") return DowntimeEnd{.remove = true};
    Json body;
    for (const char* const key : {"startDate", "type", "description", "affected", "name"}) {
      body[key] = member_at(downtime, key);
    }
    body["endDate"] = seconds_of(now);
    return DowntimeEnd{.body = body.dump()};
  }
  return Error("no downtime " + uid);
}

std::string sla_step(std::chrono::seconds stretch) {
  if (stretch <= std::chrono::hours(6)) return "5m";
  return stretch <= std::chrono::hours(24 * 7) ? "1h" : "1d";
}

}  // namespace meshcheck::meshctl
