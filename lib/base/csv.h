// Comma-separated values (RFC 4180), as all tables that users download are written.
#pragma once

#include <string>
#include <string_view>

namespace meshcheck {

// Appends a cell, quoted where it has to be, and the comma behind it. A text that a spreadsheet
// would run as a formula gets an apostrophe in front; a plain number such as -1.5 stays as it is.
void append_csv_cell(std::string& out, std::string_view value);

// Ends a row of at least one cell: CRLF takes the place of the last comma.
void end_csv_row(std::string& out);

}  // namespace meshcheck
