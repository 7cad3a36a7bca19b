#include "server/page.h"

#include <algorithm>
#include <string_view>

#include "lib/http/url.h"

namespace meshcheck::server {
namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="5">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>meshcheck</title>
<style>
:root { color-scheme: light dark; --good: #2e7d32; --bad: #c62828; --late: #b26a00; }
@media (prefers-color-scheme: dark) { :root { --good: #81c784; --bad: #ef9a9a; --late: #ffcc80; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.1rem; margin: 0 0 1rem; }
.summary { border-left: .4rem solid; font-size: 1.4rem; margin: 0 0 1.5rem; padding: .5rem 1rem; }
.ok { color: var(--good); } .absent, .critical { color: var(--bad); }
.outdated, .unpadded, .warning { color: var(--late); }
.verdicts { list-style: none; margin: 0 0 1.5rem; padding: 0; }
.verdicts li { border-left: .4rem solid; margin: 0 0 .5rem; padding: .25rem 1rem; }
.verdicts code { display: block; font-size: .85rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .35rem .75rem .35rem 0; text-align: left; }
td.number { font-variant-numeric: tabular-nums; }
footer { font-size: .85rem; margin-top: 1.5rem; opacity: .75; }
</style>
</head>
<body>
<h1>meshcheck</h1>
)";

void append_escaped(std::string& html, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '&':
        html += "&amp;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
}

std::string_view class_of(AgentTable::Row::State state) {
  switch (state) {
    case AgentTable::Row::State::kOk:
      return "ok";
    case AgentTable::Row::State::kUnpadded:
      return "unpadded";
    case AgentTable::Row::State::kOutdated:
      return "outdated";
    case AgentTable::Row::State::kAbsent:
      return "absent";
  }
  return "";
}

std::string summary_of(const ConnectivityCheck& check, std::size_t critical) {
  if (check.expected == 0) return "Nobody is expected, and nobody has reported";
  if (check.ok() && critical != 0) {
    return "All " + std::to_string(check.expected) + " agents report, and something is broken";
  }
  if (check.ok()) return "All " + std::to_string(check.expected) + " agents report";
  std::string text;
  const auto append = [&](std::size_t count, std::string_view what) {
    if (count == 0) return;
    if (!text.empty()) text += ", ";
    text += std::to_string(count);
    text += what;
  };
  append(check.absent.size(), " absent");
  append(check.outdated.size(), " outdated");
  append(check.unpadded.size(), " without large packets");
  return text + " of " + std::to_string(check.expected) + " agents";
}

std::string_view text_of(const AgentTable::Row& row) {
  if (row.state != AgentTable::Row::State::kUnpadded) return class_of(row.state);
  if (row.loss.to_server && row.loss.from_server) return "large packets lost both ways";
  return row.loss.to_server ? "large packets lost to the server"
                            : "large packets lost from the server";
}

std::string age_of(const AgentTable::Row& row) {
  if (row.state == AgentTable::Row::State::kAbsent) return "never";
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(row.age).count()) +
         " s ago";
}

void append_row(std::string& html, const AgentTable::Row& row) {
  html += "<tr><td>";
  if (row.state == AgentTable::Row::State::kAbsent) {
    append_escaped(html, row.name);
  } else {
    html += "<a href=\"api/v1/agents/";
    html += http::escape_path_segment(row.name);
    html += "\">";
    append_escaped(html, row.name);
    html += "</a>";
  }
  html += "</td><td>";
  append_escaped(html, row.node);
  html += "</td><td class=\"";
  html += class_of(row.state);
  html += "\">";
  html += text_of(row);
  html += "</td><td class=\"number\">" + age_of(row) + "</td><td class=\"number\">";
  if (row.report_interval.count() != 0) html += std::to_string(row.report_interval.count()) + " s";
  html += "</td></tr>\n";
}

std::string_view class_of(const ConnectivityCheck& check, std::size_t critical) {
  if (critical != 0) return "critical";
  if (check.ok()) return "ok";
  return check.absent.empty() && check.expected != 0 ? "outdated" : "absent";
}

void append_verdicts(std::string& html, const std::vector<VerdictRecord>& verdicts) {
  if (verdicts.empty()) return;
  html += "<ul class=\"verdicts\">\n";
  for (const VerdictRecord& verdict : verdicts) {
    html += "<li class=\"";
    html += text(verdict.severity);
    html += "\">";
    append_escaped(html, verdict.sentence);
    html += "<code>";
    append_escaped(html, verdict.next_command);
    html += "</code></li>\n";
  }
  html += "</ul>\n";
}

}  // namespace

std::string render_page(const ConnectivityCheck& check, const std::vector<VerdictRecord>& verdicts,
                        const std::vector<AgentTable::Row>& rows, WallTime time) {
  std::string html(kHead);
  const auto critical = static_cast<std::size_t>(
      std::count_if(verdicts.begin(), verdicts.end(), [](const VerdictRecord& verdict) {
        return verdict.severity == verdict::Severity::kCritical;
      }));
  html += "<p class=\"summary " + std::string(class_of(check, critical)) + "\">" +
          summary_of(check, critical) + "</p>\n";
  append_verdicts(html, verdicts);
  if (!rows.empty()) {
    html +=
        "<table>\n<thead><tr><th>Agent</th><th>Node</th><th>State</th><th>Last report</th>"
        "<th>Interval</th></tr></thead>\n<tbody>\n";
    for (const AgentTable::Row& row : rows) append_row(html, row);
    html += "</tbody>\n</table>\n";
  }
  if (rows.size() == kPageRowsMax) {
    html += "<p>Only the first " + std::to_string(kPageRowsMax) + " agents are shown.</p>\n";
  }
  html += "<footer>" + format_rfc3339(std::chrono::floor<std::chrono::seconds>(time)) +
          " · meshcheck " MESHCHECK_VERSION
          " · <a href=\"api/v1/connectivity_check\">check</a> · <a href=\"api/v1/agents/\">"
          "reports</a> · <a href=\"api/v1/verdicts?since=7d\">verdicts</a> · <a "
          "href=\"api/v1/mesh\">paths</a> · <a href=\"api/v1/mtu\">sizes</a> · "
          "<a href=\"metrics\">metrics</a></footer>\n</body>\n</html>\n";
  return html;
}

}  // namespace meshcheck::server
