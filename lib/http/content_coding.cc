#include "lib/http/content_coding.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>

#include "lib/base/text.h"

namespace meshcheck::http {
namespace {

// Thousandths, as a weight has three decimals at most.
constexpr int kWeightMax = 1000;
constexpr int kGzipFormat = 16;  // Added to the window's bits.
constexpr int kMemoryLevel = 8;

// Takes what is in front of the first `end`, or all.
std::string_view cut(std::string_view& rest, char end) {
  const std::string_view front = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(rest.size(), front.size() + 1));
  return trim(front);
}

// "0", "1", "0.5", "0.125", "1.000".
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = (text[0] - '0') * kWeightMax;
  int unit = kWeightMax;
  for (const char c : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (c < '0' || c > '9') return std::nullopt;
    unit /= 10;
    weight += (c - '0') * unit;
  }
  return weight <= kWeightMax ? std::optional(weight) : std::nullopt;
}

struct Weights {
  std::optional<int> gzip;
  std::optional<int> identity;
  std::optional<int> any;
};

// False: it is not a list of codings.
bool add(Weights& weights, std::string_view list) {
  while (!list.empty()) {
    std::string_view element = cut(list, ',');
    const std::string_view coding = cut(element, ';');
    int weight = kWeightMax;
    if (!element.empty()) {
      const std::string_view name = cut(element, '=');
      const auto parsed = parse_weight(trim(element));
      if (!equals_ignoring_case(name, "q") || !parsed) return false;
      weight = *parsed;
    }
    if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
      weights.gzip = weight;
    } else if (equals_ignoring_case(coding, "identity")) {
      weights.identity = weight;
    } else if (coding == "*") {
      weights.any = weight;
    }
  }
  return true;
}

}  // namespace

bool accepts_gzip(const Request& request) {
  Weights weights;
  for (const auto& [name, value] : request.headers) {
    if (equals_ignoring_case(name, "Accept-Encoding") && !add(weights, value)) return false;
  }
  const int gzip = weights.gzip.value_or(weights.any.value_or(0));
  return gzip > 0 && gzip >= weights.identity.value_or(0);
}

void GzipStream::End::operator()(z_stream_s* stream) const {
  deflateEnd(stream);
  delete stream;
}

GzipStream::GzipStream() : stream_(new z_stream()) {
  const int begun = deflateInit2(stream_.get(), Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + kGzipFormat,
                                 kMemoryLevel, Z_DEFAULT_STRATEGY);
  assert(begun == Z_OK);
  static_cast<void>(begun);
}

void GzipStream::append(std::string& out, std::string_view bytes, bool last) {
  std::array<char, 16 * 1024> ready;  // NOLINT(*-member-init): deflate() writes it.
  z_stream& stream = *stream_;
  do {
    // Its length is 32 bits, that of a body may be more.
    const std::string_view part = bytes.substr(0, std::size_t{1} << 30U);
    bytes.remove_prefix(part.size());
    // zlib does not write there, and says so not in its types.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream.avail_in = static_cast<uInt>(part.size());
    const int flush = last && bytes.empty() ? Z_FINISH : Z_NO_FLUSH;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(ready.data());
      stream.avail_out = static_cast<uInt>(ready.size());
      const int done = deflate(&stream, flush);
      assert(done != Z_STREAM_ERROR);
      static_cast<void>(done);
      out.append(ready.data(), ready.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  } while (!bytes.empty());
}

std::string gzip(std::string_view bytes) {
  std::string out;
  GzipStream().append(out, bytes, true);
  out.shrink_to_fit();
  return out;
}

}  // namespace meshcheck::http
