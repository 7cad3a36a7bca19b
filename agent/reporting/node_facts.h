// The node's data in /proc.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "mesh/report/report.h"

namespace meshcheck::agent {

// The whole seconds of /proc/uptime's first field: the node's, also inside a pod.
Result<std::chrono::seconds> parse_uptime(std::string_view text);
// One unsigned number and a newline, as files in /proc/sys have it.
Result<std::uint64_t> parse_count(std::string_view text);

Result<std::chrono::seconds> read_uptime();
// Changes with each boot of the node; empty where the kernel has none.
std::string read_boot_id();
// How full the connection tracking table is; nothing where it is not in use.
std::optional<mesh::ReportConntrack> read_conntrack();
// How the kernel treats sizes, in the network namespace of the calling thread.
mesh::ReportMtuSettings read_mtu_settings();

}  // namespace meshcheck::agent
