#include "lib/base/csv.h"

#include <cassert>
#include <charconv>

namespace meshcheck {
namespace {

bool is_plain_number(std::string_view value) {
  // "-inf" and "-nan" are names to a spreadsheet.
  if (value.find_first_not_of("+-.0123456789eE") != std::string_view::npos) return false;
  double number = 0;
  const char* const end = value.data() + value.size();
  const auto [stopped, error] = std::from_chars(value.data(), end, number);
  return error == std::errc() && stopped == end;
}

// Names of pods, errors and the like come from the network; their writer shall not run commands on
// the machine of a reader that opens the table.
bool is_formula(std::string_view value) {
  constexpr std::string_view kStarts = "=+-@\t\r";
  return !value.empty() && kStarts.find(value.front()) != std::string_view::npos &&
         !is_plain_number(value);
}

}  // namespace

void append_csv_cell(std::string& out, std::string_view value) {
  const std::string_view prefix = is_formula(value) ? "'" : "";
  if (value.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += prefix;
    out += value;
  } else {
    out += '"';
    out += prefix;
    for (const char c : value) {
      if (c == '"') out += '"';
      out += c;
    }
    out += '"';
  }
  out += ',';
}

void end_csv_row(std::string& out) {
  assert(out.ends_with(','));
  out.back() = '\r';
  out += '\n';
}

}  // namespace meshcheck
