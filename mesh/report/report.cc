#include "mesh/report/report.h"

#include "lib/base/json_writer.h"
#include "mesh/report/mesh_writer.h"

namespace meshcheck::mesh {
namespace {

// Bounds in bytes of what has no other; mesh_writer.cc has those of `mesh`.
constexpr std::size_t kKibibyte = 1024;
constexpr std::size_t kIpsSizeMax = 12 * kKibibyte;
constexpr std::size_t kLookupSizeMax = 3 * kKibibyte;

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

void append_ips(std::string& out, const Report& report) {
  append_json_key(out, "ips");
  out += '{';
  append_json_items(out, report.ips, {kReportInterfacesMax, kIpsSizeMax}, [&](const auto& entry) {
    append_json_string(out, entry.first);
    out += ':';
    append_json_texts(out, entry.second, {kReportLinkAddressesMax, kIpsSizeMax});
  });
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
