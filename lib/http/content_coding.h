// Answers in gzip for clients that take it (RFC 9110 sections 8.4 and 12.5.3).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "lib/http/message.h"

struct z_stream_s;

namespace meshcheck::http {

// Smaller bodies are sent as they are: they fit into a packet.
inline constexpr std::size_t kGzipMin = 1024;

// Whether the request's Accept-Encoding headers take gzip, and do not prefer no coding to it. A
// malformed header counts as taking no gzip.
bool accepts_gzip(const Request& request);

// One gzip stream (RFC 1952), at zlib's quickest level: it shrinks /metrics to a tenth, and slower
// levels gain little.
class GzipStream {
 public:
  // Bytes that zlib holds, with its usual window.
  static constexpr std::size_t kMemory = 272 * 1024;

  GzipStream();
  // Compresses `bytes` and appends the output that is ready; all of it if they are the `last`. May
  // append nothing.
  void append(std::string& out, std::string_view bytes, bool last);

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };
  std::unique_ptr<z_stream_s, End> stream_;
};

std::string gzip(std::string_view bytes);

}  // namespace meshcheck::http
