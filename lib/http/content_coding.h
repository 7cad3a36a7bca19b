// Answers in gzip for those who take it (RFC 9110 sections 8.4 and 12.5.3).
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
// header that is not well-formed takes nothing.
bool accepts_gzip(const Request& request);

// One gzip stream (RFC 1952), at zlib's quickest level: of /metrics it makes a tenth, and slower
// levels little less.
class GzipStream {
 public:
  // What zlib holds meanwhile, at its usual window.
  static constexpr std::size_t kMemory = 272 * 1024;

  GzipStream();
  // Appends what of `bytes` is ready, and the rest if they are the `last`. May append nothing.
  void append(std::string& out, std::string_view bytes, bool last);

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };
  std::unique_ptr<z_stream_s, End> stream_;
};

std::string gzip(std::string_view bytes);

}  // namespace meshcheck::http
