// Comma-separated values (RFC 4180).
#pragma once

#include <string>
#include <string_view>

namespace meshcheck {

// Appends a cell, quoted where it has to be, and the comma behind it.
void append_csv_cell(std::string& out, std::string_view value);

}  // namespace meshcheck
