#include "meshctl/event_parser.h"

#include <utility>

namespace meshcheck::meshctl {

Result<void> EventParser::feed(std::string_view bytes) {
  rest_ += bytes;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    std::string_view line = std::string_view(rest_).substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    take_line(line);
    if (event_.data.size() > event_size_max_) return Error("an event is too large");
  }
  rest_.erase(0, begin);
  if (rest_.size() > event_size_max_) return Error("an event is too large");
  return {};
}

std::optional<StreamEvent> EventParser::next() {
  if (events_.empty()) return std::nullopt;
  StreamEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void EventParser::take_line(std::string_view line) {
  if (line.empty()) {
    if (has_data_) events_.push_back(std::move(event_));
    event_ = {};
    has_data_ = false;
    return;
  }
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  }
  if (field == "event") {
    event_.type = value;
  } else if (field == "id") {
    event_.id = value;
  } else if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  }
}

}  // namespace meshcheck::meshctl
