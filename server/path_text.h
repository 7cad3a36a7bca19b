// A path as JSON and as CSV. doc/openapi.yaml describes the keys.
#pragma once

#include <string>
#include <string_view>

#include "server/mesh_table.h"

namespace meshcheck::server {

// Appends an object. Ages become times, as of `now` on both clocks.
void append_json(std::string& out, const PathView& path, Now now);

// The same, flattened, with RFC 4180's quotes and line ends. The first line has the names.
std::string_view csv_header();
void append_csv(std::string& out, const PathView& path, Now now);

// Parts of both, for those who write other things of paths. A text in an object that `out` has
// begun; a cell, with the comma behind it.
void append_text(std::string& out, std::string_view key, std::string_view value);
void append_cell(std::string& out, std::string_view value);

// A time of the steady clock as one of the wall's: RFC 3339, in milliseconds.
std::string time_text(Clock::time_point time, Now now);

// A number as short as it can be, with six digits at most: 0.25, 1.5e-05.
void append_number(std::string& out, double number);

}  // namespace meshcheck::server
