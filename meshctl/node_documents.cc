#include "meshctl/node_documents.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

std::string decimals(double number, int digits) {
  std::array<char, 64> out{};
  const int size = std::snprintf(out.data(), out.size(), "%.*f", digits, number);
  return {out.data(), static_cast<std::size_t>(std::max(size, 0))};
}

Cell milliseconds(const Json& times, std::string_view key) {
  const Json& time = member_at(times, key);
  if (!time.is_number()) return Cell::none();
  return Cell(decimals(time.get<double>(), 2) + " ms").with_value(time.dump());
}

Cell share(const Json& path, std::string_view key) {
  const Json& loss = member_at(path, key);
  if (!loss.is_number()) return Cell::none();
  const double value = loss.get<double>();
  return Cell(decimals(value * 100, 1) + " %", value > 0 ? Paint::kWarning : Paint::kNone)
      .with_value(loss.dump());
}

Cell number_cell(const Json& object, std::string_view key) {
  const Json& number = member_at(object, key);
  return number.is_number() ? Cell(number.dump()) : Cell::none();
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : " ") + text;
  return out;
}

int badness(const Json& path) {
  const std::string state = text_at(path, "state");
  if (state == "down") return 0;
  if (state == "degraded") return 1;
  return state == "up" ? 3 : 2;
}

Cell class_cell(const std::string& name) {
  if (name == "clear") return {name, Paint::kGood};
  if (name == "unknown" || name.empty()) return {name, Paint::kDim};
  return {name, name == "reduced" || name == "reduced_signalled" ? Paint::kWarning : Paint::kBad};
}

Document mtu_paths_document(const Json& answer) {
  Document document;
  document.tree = answer;
  document.table.columns = {{.name = "from"},
                            {.name = "to"},
                            {.name = "layer"},
                            {.name = "family", .wide = true},
                            {.name = "forward"},
                            {.name = "size", .right = true},
                            {.name = "backward"},
                            {.name = "size_back", .right = true},
                            {.name = "icmp_fragments", .wide = true},
                            {.name = "findings", .wide = true}};
  for (const Json& path : member_at(answer, "paths")) {
    const Json& forward = member_at(path, "forward");
    const Json& backward = member_at(path, "backward");
    document.names.push_back("path/" + text_at(path, "from") + '/' + text_at(path, "to"));
    document.table.rows.push_back(
        {text_at(path, "from"), text_at(path, "to"), text_at(path, "layer"),
         text_at(path, "family"), class_cell(text_at(forward, "class")),
         number_cell(forward, "size"), class_cell(text_at(backward, "class")),
         number_cell(backward, "size"), text_at(path, "icmp_fragments"),
         joined(texts_at(path, "findings"))});
  }
  return document;
}

}  // namespace

Document agents_document(const Json& agents, const Json& check, WallTime now) {
  Document document;
  document.tree = Json::array();
  document.table.columns = {{.name = "name"},
                            {.name = "node"},
                            {.name = "layer"},
                            {.name = "state"},
                            {.name = "reported"},
                            {.name = "interval", .wide = true, .right = true},
                            {.name = "addresses", .wide = true}};
  const auto add = [&](const std::string& name, const Json& record, const std::string& state) {
    const std::string layer = text_at(member_at(record, "mesh"), "layer");
    const std::string reported = text_at(record, "last_updated");
    const std::int64_t interval = integer_at(record, "report_interval");
    const auto addresses = texts_at(member_at(member_at(record, "mesh"), "probing"), "addresses");
    document.names.push_back("agent/" + name);
    document.tree.push_back(Json{{"name", name},
                                 {"node", text_at(record, "nodename")},
                                 {"layer", layer},
                                 {"state", state},
                                 {"reported", reported},
                                 {"interval_s", interval},
                                 {"addresses", addresses}});
    document.table.rows.push_back(
        {name, text_at(record, "nodename"), layer,
         Cell(state, state == "reporting" ? Paint::kGood : Paint::kBad),
         Cell(reported.empty() ? "never" : ago(reported, now)).with_value(reported),
         interval == 0 ? Cell::none()
                       : Cell(std::to_string(interval) + " s").with_value(std::to_string(interval)),
         joined(addresses)});
  };
  const auto outdated = texts_at(check, "Outdated");
  const std::set<std::string> silent(outdated.begin(), outdated.end());
  for (const std::string& name : texts_at(check, "Absent")) add(name, Json::object(), "absent");
  std::vector<std::string> names;
  for (const auto& [name, record] : agents.items()) names.push_back(name);
  std::sort(names.begin(), names.end(), natural_less);
  for (const std::string& name : names) {
    add(name, agents.at(name), silent.count(name) != 0 ? "outdated" : "reporting");
  }
  return document;
}

Document paths_document(const Json& answer, WallTime now) {
  Document document;
  document.tree = answer;
  document.table.columns = {{.name = "from"},
                            {.name = "to"},
                            {.name = "layer"},
                            {.name = "relation"},
                            {.name = "state"},
                            {.name = "loss", .right = true},
                            {.name = "p50", .right = true},
                            {.name = "p99", .right = true},
                            {.name = "direction"},
                            {.name = "since"},
                            {.name = "probe", .wide = true},
                            {.name = "family", .wide = true},
                            {.name = "reason", .wide = true},
                            {.name = "error", .wide = true}};
  std::vector<const Json*> paths;
  for (const Json& path : member_at(answer, "paths")) paths.push_back(&path);
  std::stable_sort(paths.begin(), paths.end(),
                   [](const Json* a, const Json* b) { return badness(*a) < badness(*b); });
  for (const Json* path : paths) {
    const Json& times = member_at(*path, "rtt_ms");
    const std::string direction = text_at(*path, "direction");
    const std::string since = text_at(*path, "state_since");
    document.names.push_back("path/" + text_at(*path, "from") + '/' + text_at(*path, "to"));
    document.table.rows.push_back(
        {text_at(*path, "from"), text_at(*path, "to"), text_at(*path, "layer"),
         text_at(*path, "relation"), state_cell(text_at(*path, "state")), share(*path, "loss"),
         milliseconds(times, "p50"), milliseconds(times, "p99"),
         Cell(direction == "none" ? "" : direction).with_value(direction),
         Cell(ago(since, now)).with_value(since), text_at(*path, "probe"), text_at(*path, "family"),
         text_at(*path, "reason"), text_at(*path, "error")});
  }
  return document;
}

Document mtu_document(const Json& answer, bool of_paths) {
  if (of_paths) return mtu_paths_document(answer);
  Document document;
  document.tree =
      Json{{"time", text_at(answer, "time")}, {"summary", member_at(answer, "summary")}};
  document.table.columns = {{.name = "node"},
                            {.name = "layer"},
                            {.name = "smallest", .right = true},
                            {.name = "largest", .right = true},
                            {.name = "link_mtu", .right = true},
                            {.name = "clear", .right = true},
                            {.name = "other"},
                            {.name = "unknown", .wide = true, .right = true}};
  for (const Json& row : member_at(answer, "summary")) {
    const Json& classes = member_at(row, "classes");
    std::string other;
    for (const auto& [name, count] : classes.items()) {
      if (name == "clear" || name == "unknown" || count == 0) continue;
      other += (other.empty() ? "" : " ") + name + '=' + count.dump();
    }
    document.names.push_back("node/" + text_at(row, "node") + '/' + text_at(row, "layer"));
    document.table.rows.push_back({text_at(row, "node"), text_at(row, "layer"),
                                   number_cell(row, "size_min"), number_cell(row, "size_max"),
                                   number_cell(row, "link_mtu"), number_cell(classes, "clear"),
                                   Cell(other, Paint::kBad), number_cell(classes, "unknown")});
  }
  return document;
}

}  // namespace meshcheck::meshctl
