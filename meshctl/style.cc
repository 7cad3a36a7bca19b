#include "meshctl/style.h"

namespace meshcheck::meshctl {
namespace {

std::string_view code_of(Paint paint) {
  switch (paint) {
    case Paint::kNone:
      return "";
    case Paint::kGood:
      return "\x1b[32m";
    case Paint::kWarning:
      return "\x1b[33m";
    case Paint::kBad:
      return "\x1b[31m";
    case Paint::kDim:
      return "\x1b[2m";
    case Paint::kBold:
      return "\x1b[1m";
  }
  return "";
}

}  // namespace

bool wants_colour(Colour asked, const Surface& surface) {
  if (asked != Colour::kAuto) return asked == Colour::kAlways;
  if (!surface.no_color.empty()) return false;
  if (!surface.clicolor_force.empty() && surface.clicolor_force != "0") return true;
  return surface.terminal && surface.term != "dumb";
}

std::string Style::paint(Paint paint, std::string_view text) const {
  if (!colour || paint == Paint::kNone || text.empty()) return std::string(text);
  return std::string(code_of(paint)) + std::string(text) + "\x1b[0m";
}

char state_letter(std::string_view state) {
  if (state == "up") return 'U';
  if (state == "degraded") return '!';
  if (state == "down") return 'D';
  return state.empty() ? '.' : '?';
}

Paint state_paint(std::string_view state) {
  if (state == "up") return Paint::kGood;
  if (state == "degraded") return Paint::kWarning;
  return state == "down" ? Paint::kBad : Paint::kDim;
}

Paint severity_paint(std::string_view severity) {
  if (severity == "critical") return Paint::kBad;
  return severity == "warning" ? Paint::kWarning : Paint::kDim;
}

}  // namespace meshcheck::meshctl
