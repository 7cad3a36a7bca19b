// The result of one HTTP probe of one URL.
#pragma once

#include <cstdint>
#include <string>

namespace meshcheck::mesh {

// All times in whole milliseconds, truncated, as netchecker has them; 0 for a phase that was not
// reached. JSON keys are netchecker's Go names (reference: doc/start/netchecker.md).
struct HttpProbe {
  std::string url;
  std::int64_t connection_result = 0;  // 1 if a connection was made, also if the request failed.
  std::int64_t http_code = 0;          // 0 without a response.
  std::int64_t total_ms = 0;
  std::int64_t content_transfer_ms = 0;
  std::int64_t tcp_connection_ms = 0;
  std::int64_t dns_lookup_ms = 0;
  std::int64_t connect_ms = 0;  // DNS and TCP together.
  std::int64_t server_processing_ms = 0;
};

// Appends `{"URL":...,"ConnectionResult":...}` in netchecker's key order.
void append_json(std::string& out, const HttpProbe& probe);

}  // namespace meshcheck::mesh
