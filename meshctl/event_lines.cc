#include "meshctl/event_lines.h"

#include "meshctl/text.h"
#include "meshctl/verdict_document.h"

namespace meshcheck::meshctl {
namespace {

// "opened", "changed", "closed"; "absent", "outdated", "back", "removed"
std::string word_of(const std::string& type) {
  return type.substr(type.find('_') + 1);
}

std::string when(const Json& data, WallTime now) {
  for (const char* const key : {"last_seen", "time"}) {
    const auto time = parse_wall_time(text_at(data, key));
    if (time) return local_time(*time);
  }
  return local_time(now);
}

std::string line_of(const std::string& type, const Json& data, const EventView& view) {
  const bool verdict = data.contains("severity");
  switch (view.format) {
    case Format::kJson:
      return Json{{"event", type}, {"data", data}}.dump(-1, ' ', false,
                                                        Json::error_handler_t::replace) +
             '\n';
    case Format::kName:
      return (verdict ? verdict_name(data) : "agent/" + text_at(data, "agent")) + '\n';
    default:
      break;
  }
  std::string line = view.style.paint(Paint::kDim, when(data, view.now)) + "  ";
  if (!verdict)
    return line + "agent " + word_of(type) + "  " + printable(text_at(data, "agent")) + '\n';
  const std::string severity = text_at(data, "severity");
  line += printable(word_of(type)) + "  " +
          view.style.paint(severity_paint(severity), printable(severity)) + "  " +
          printable(text_at(data, "sentence")) + '\n';
  const std::string next = text_at(data, "next_command");
  if (view.format == Format::kWide && !next.empty()) line += "  run: " + printable(next) + '\n';
  return line;
}

}  // namespace

Result<std::string> event_lines(const StreamEvent& event, const EventView& view) {
  auto data = parse_json(event.data);
  if (!data) return data.error().within("event " + printable(event.type));
  const bool verdict = event.type.rfind("verdict", 0) == 0;
  if (view.verdicts_only && !verdict) return std::string();
  std::string lines;
  if (event.type != "verdicts") {
    if (event.type == "missed") return std::string();
    return line_of(event.type, *data, view);
  }
  const Json& open = data->is_array() ? *data : member_at(*data, "verdicts");
  for (const Json& one : open) lines += line_of("open", one, view);
  return lines;
}

}  // namespace meshcheck::meshctl
