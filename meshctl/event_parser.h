// Parses server-sent events from bytes as they come.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace meshcheck::meshctl {

struct StreamEvent {
  std::string type;
  std::string id;
  std::string data;
};

// Lines end with LF or CRLF. Comments, `retry` and events without data are ignored. The chunks in
// which bytes arrive make no difference.
class EventParser {
 public:
  explicit EventParser(std::size_t event_size_max = std::size_t{4} << 20U)
      : event_size_max_(event_size_max) {}

  // An error for an event that is too large; nothing is read after that.
  Result<void> feed(std::string_view bytes);
  // In their order; nothing: more bytes are needed.
  std::optional<StreamEvent> next();

 private:
  void take_line(std::string_view line);

  std::size_t event_size_max_;
  std::string rest_;  // Of a line that has not ended.
  StreamEvent event_;
  bool has_data_ = false;
  std::deque<StreamEvent> events_;
};

}  // namespace meshcheck::meshctl
