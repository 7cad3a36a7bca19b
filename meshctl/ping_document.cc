#include "meshctl/ping_document.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "meshctl/program.h"
#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

std::string milliseconds(double time) {
  std::array<char, 64> out{};
  const int size = std::snprintf(out.data(), out.size(), "%.2f ms", time);
  return {out.data(), static_cast<std::size_t>(std::max(size, 0))};
}

std::string end_of(const Json& ping, const std::string& side) {
  const std::string agent = text_at(ping, side);
  const std::string node = text_at(ping, side + "_node");
  return node.empty() ? agent : node + " (" + agent + ')';
}

std::string heading(const Json& ping) {
  std::string text = end_of(ping, "from") + " pings " + end_of(ping, "to") + " on the " +
                     text_at(ping, "layer") + " network, " + text_at(ping, "address") + " port " +
                     std::to_string(integer_at(ping, "port"));
  const std::int64_t size = integer_at(ping, "size");
  if (size != 0) text += ", packets of " + std::to_string(size) + " bytes";
  return printable(text);
}

std::string losses(const Json& ping) {
  const std::int64_t forward = integer_at(ping, "lost_forward");
  const std::int64_t backward = integer_at(ping, "lost_backward");
  std::string text = std::to_string(integer_at(ping, "lost")) + " lost";
  if (forward != 0) text += ", " + std::to_string(forward) + " on the way there";
  if (backward != 0) text += ", " + std::to_string(backward) + " on the way back";
  return text;
}

std::string sum(const Json& ping) {
  std::string text = std::to_string(integer_at(ping, "sent")) + " sent, " + losses(ping);
  std::vector<double> times;
  for (const Json& time : member_at(ping, "rtt_ms")) {
    if (time.is_number()) times.push_back(time.get<double>());
  }
  if (!times.empty()) {
    std::sort(times.begin(), times.end());
    text += "; round trips " + milliseconds(times.front()) + " to " + milliseconds(times.back()) +
            ", median " + milliseconds(times[times.size() / 2]);
  }
  const std::string error = text_at(ping, "error");
  if (!error.empty()) text += "; " + error;
  return printable(text);
}

}  // namespace

Document ping_document(const Json& ping) {
  Document document;
  document.tree = ping;
  document.lead = heading(ping) + '\n';
  document.tail = sum(ping) + '\n';
  document.names = {"ping/" + std::to_string(integer_at(ping, "id"))};
  document.table.columns = {{.name = "from", .machine = true},  {.name = "to", .machine = true},
                            {.name = "layer", .machine = true}, {.name = "size", .machine = true},
                            {.name = "probe", .right = true},   {.name = "rtt", .right = true}};
  for (const Json& time : member_at(ping, "rtt_ms")) {
    Cell cell = time.is_number() ? Cell(milliseconds(time.get<double>())).with_value(time.dump())
                                 : Cell("lost", Paint::kBad).with_value("");
    document.table.rows.push_back({text_at(ping, "from"), text_at(ping, "to"),
                                   text_at(ping, "layer"), std::to_string(integer_at(ping, "size")),
                                   std::to_string(document.table.rows.size() + 1),
                                   std::move(cell)});
  }
  document.table_shown = !document.table.rows.empty();
  return document;
}

int exit_code_of(const Json& ping) {
  if (integer_at(ping, "sent") == 0) return kUnknown;
  return integer_at(ping, "lost") == 0 ? kFine : kBroken;
}

}  // namespace meshcheck::meshctl
