// Text as a terminal shows it: columns it takes, ages, natural order.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "lib/base/time.h"

namespace meshcheck::meshctl {

// Columns on the screen, by wcwidth() under a UTF-8 locale.
std::size_t display_width(std::string_view text);
// Names come from the network: a control character, which could move the cursor or set colours,
// becomes '?', and so do a mark that turns the direction of text and a byte that is no UTF-8.
std::string printable(std::string_view text);
// Text of several lines for a terminal: the same characters become "\u001b", but for tabs and ends
// of lines, which stay.
std::string escaped_for_terminal(std::string_view text);
// Cut to `width` columns; the last one is "~" if the text was longer.
std::string shorten(std::string_view text, std::size_t width);

// "12 s", "5 m", "3 h", "2 d"; the largest unit alone.
std::string age_text(std::chrono::nanoseconds age);
// "5 m ago" for a time in RFC 3339, and the text itself for anything else.
std::string ago(std::string_view time, WallTime now);
// "2026-11-29 22:36:36" in the machine's time zone.
std::string local_time(WallTime time);

// node-2 before node-10.
bool natural_less(std::string_view a, std::string_view b);

// "1 agent", "2 agents".
std::string counted(std::size_t number, std::string_view noun);

}  // namespace meshcheck::meshctl
