#include "mesh/report/http_probe.h"

#include "lib/base/json_writer.h"

namespace meshcheck::mesh {

void append_json(std::string& out, const HttpProbe& probe) {
  const auto append = [&](std::string_view key, std::int64_t value) {
    append_json_key(out, key);
    out += std::to_string(value);
  };
  out += "{\"URL\":";
  append_json_string(out, probe.url);
  append("ConnectionResult", probe.connection_result);
  append("HTTPCode", probe.http_code);
  append("Total", probe.total_ms);
  append("ContentTransfer", probe.content_transfer_ms);
  append("TCPConnection", probe.tcp_connection_ms);
  append("DNSLookup", probe.dns_lookup_ms);
  append("Connect", probe.connect_ms);
  append("ServerProcessing", probe.server_processing_ms);
  out += '}';
}

}  // namespace meshcheck::mesh
