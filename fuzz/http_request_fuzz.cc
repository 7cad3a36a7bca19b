// HTTP requests, whole and in two pieces: how the bytes are cut must not change what is read.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "lib/http/content_coding.h"
#include "lib/http/request_parser.h"

namespace {

using meshcheck::http::RequestParser;

// Everything that came out, as text.
class Reader {
 public:
  bool read(std::string_view bytes) {
    while (!bytes.empty()) {
      switch (parser_.step(bytes)) {
        case RequestParser::Step::kMore:
          break;
        case RequestParser::Step::kHead:
          seen_ += parser_.wants_continue() ? "continue\n" : "head\n";
          break;
        case RequestParser::Step::kRequest:
          note_request();
          break;
        case RequestParser::Step::kRefused:
          // Of a request that is wrong in two ways, the cut decides which is seen first.
          seen_ += "refused";
          if (parser_.refusal().status < 400) std::abort();
          return false;
      }
    }
    return true;
  }
  const std::string& seen() const { return seen_; }

 private:
  void note_request() {
    const meshcheck::http::Request& request = parser_.request();
    if (request.body.size() > kLimits.body_size_max) std::abort();
    if (request.headers.size() > kLimits.headers_max) std::abort();
    seen_ += std::string(to_string(request.method)) + request.path + "?" + request.query;
    for (const auto& [name, value] : request.headers) seen_ += name + ":" + value + "\n";
    seen_ += accepts_gzip(request) ? "gzip\n" : "\n";
    seen_ += request.body + "\n";
  }

  static constexpr meshcheck::http::Limits kLimits{
      .target_size_max = 64, .headers_size_max = 256, .headers_max = 8, .body_size_max = 128};
  RequestParser parser_{kLimits};
  std::string seen_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = std::min<std::size_t>(data[0], text.size());
  Reader whole;
  whole.read(text);
  Reader pieces;
  if (pieces.read(text.substr(0, cut))) pieces.read(text.substr(cut));
  if (whole.seen() != pieces.seen()) std::abort();
  return 0;
}
