#include "mesh/report/report.h"

#include <string_view>
#include <utility>

#include "lib/base/json_writer.h"
#include "mesh/report/mesh_writer.h"

namespace meshcheck::mesh {
namespace {

// Bounds in bytes of what has no other; mesh_writer.cc has those of `mesh`.
constexpr std::size_t kIpsSizeMax = 12 * 1024;
constexpr std::size_t kLookupSizeMax = 3 * 1024;

void append_lookup(std::string& out, const Report& report) {
  append_json_key(out, "nslookup");
  out += '{';
  append_json_string(out, report.lookup_name);
  out += ':';
  if (report.lookup_addresses) {
    append_json_texts(out, *report.lookup_addresses, {kReportLookupAddressesMax, kLookupSizeMax});
  } else {
    out += "null";
  }
  out += '}';
}

// Sorted by name. Where there is no room for all, links with a default route are the first to stay:
// a node may have hundreds of links of pods, and none of them says where the node is.
void append_ips(std::string& out, const Report& report) {
  std::map<std::string_view, std::string> kept;  // By name, as JSON.
  std::size_t size = 0;
  const auto keep = [&](const std::string& name, const std::vector<std::string>& addresses) {
    if (kept.contains(name)) return true;
    std::string text;
    append_json_string(text, name);
    text += ':';
    append_json_texts(text, addresses, {kReportLinkAddressesMax, kIpsSizeMax});
    if (kept.size() == kReportInterfacesMax || size + text.size() + 1 > kIpsSizeMax) return false;
    size += text.size() + 1;
    kept.emplace(name, std::move(text));
    return true;
  };
  for (const ReportGateway& gateway : report.mesh.gateways) {
    const auto found = report.ips.find(gateway.link);
    if (found != report.ips.end() && !keep(found->first, found->second)) break;
  }
  for (const auto& [name, addresses] : report.ips) {
    if (!keep(name, addresses)) break;
  }
  append_json_key(out, "ips");
  out += '{';
  append_json_items(out, kept, {kReportInterfacesMax, kIpsSizeMax},
                    [&](const auto& entry) { out += entry.second; });
  out += '}';
}

void append_zeros(std::string& out, std::size_t count) {
  append_json_key(out, "zero_extender");
  out += '[';
  for (std::size_t i = 0; i < count; ++i) out += i == 0 ? "0" : ",0";
  out += ']';
}

}  // namespace

std::string encode(const Report& report) {
  std::string out;
  out.reserve(2048 + 2 * report.zero_extender_length);
  out += '{';
  append_json_number(out, "report_interval", static_cast<std::uint64_t>(report.interval.count()));
  append_json_member(out, "nodename", report.nodename);
  append_json_member(out, "podname", report.podname);
  append_json_member(out, "hostdate", format_rfc3339(report.hostdate));
  append_json_number(out, "uptime", static_cast<std::uint64_t>(report.uptime.count()));
  append_lookup(out, report);
  append_ips(out, report);
  append_json_key(out, "network_probes");
  out += '[';
  for (std::size_t i = 0; i < report.probes.size(); ++i) {
    if (i != 0) out += ',';
    append_json(out, report.probes[i]);
  }
  out += ']';
  append_mesh(out, report);
  append_zeros(out, report.zero_extender_length);
  out += '}';
  return out;
}

}  // namespace meshcheck::mesh
