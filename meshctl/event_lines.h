// An event of the server as lines, one for each thing that happened.
#pragma once

#include <string>

#include "lib/base/time.h"
#include "meshctl/document.h"
#include "meshctl/event_parser.h"

namespace meshcheck::meshctl {

struct EventView {
  Format format = Format::kTable;  // kTable, kWide, kJson, kName
  bool verdicts_only = false;
  Style style;
  WallTime now;
};

// Empty if the event has no line. `verdicts`, the list that a stream begins with, becomes a line
// `open` for each.
Result<std::string> event_lines(const StreamEvent& event, const EventView& view);

}  // namespace meshcheck::meshctl
