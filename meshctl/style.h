// The look of output: colours or none, and the size of the screen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meshcheck::meshctl {

enum class Paint : std::uint8_t { kNone, kGood, kWarning, kBad, kDim, kBold };

enum class Colour : std::uint8_t { kAuto, kAlways, kNever };

// The destination of the output. `term`, `no_color` and `clicolor_force` are variables of the
// environment; an empty one counts as unset.
struct Surface {
  bool terminal = false;
  std::string term;
  std::string no_color;
  std::string clicolor_force;
};

// `asked` (--color) decides first; then NO_COLOR, CLICOLOR_FORCE, TERM=dumb; then only a terminal
// has colours.
bool wants_colour(Colour asked, const Surface& surface);

// A value. Without colour there are only ASCII glyphs.
struct Style {
  bool colour = false;
  std::size_t width = 80;  // Columns and lines of the screen.
  std::size_t height = 24;

  std::string paint(Paint paint, std::string_view text) const;
};

// "U" up, "!" degraded, "D" down, "?" unknown; "." where nothing is probed.
char state_letter(std::string_view state);
Paint state_paint(std::string_view state);
Paint severity_paint(std::string_view severity);

}  // namespace meshcheck::meshctl
