// The sizes that a path carries, as JSON and as CSV. doc/reference/openapi.yaml describes the keys.
#pragma once

#include <string>
#include <string_view>

#include "mesh/table/mesh_table.h"
#include "mesh/table/pmtu_summary.h"

namespace meshcheck::server {

// All are of a path whose `mtu` is not null. Ages become times, as of `now` on both clocks.

// Appends the object that stands beside a path's other keys.
void append_pmtu_json(std::string& out, const mesh::PathView& path, Now now);
// The same object, which begins with the path's ends.
void append_pmtu_path_json(std::string& out, const mesh::PathView& path, Now now);
void append_summary_json(std::string& out, std::string_view node, mesh::Layer layer,
                         const mesh::PmtuSummary& summary);

// A line with the same, flattened.
std::string_view pmtu_csv_header();
void append_pmtu_csv(std::string& out, const mesh::PathView& path, Now now);

}  // namespace meshcheck::server
