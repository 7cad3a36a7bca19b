// A path as JSON and as CSV. doc/reference/openapi.yaml describes the keys.
#pragma once

#include <string>
#include <string_view>

#include "mesh/table/mesh_table.h"

namespace meshcheck::server {

// Appends an object. Ages become times, as of `now` on both clocks.
void append_json(std::string& out, const mesh::PathView& path, Now now);

// The same, flattened, with RFC 4180's quotes and line ends. The first line has the names.
std::string_view csv_header();
void append_csv(std::string& out, const mesh::PathView& path, Now now);

}  // namespace meshcheck::server
