// The Kubernetes API's watches and lists, whole and in two pieces: how the bytes are cut must not
// change what is read. And objects, whatever they hold.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lib/kube/objects.h"
#include "lib/kube/watch_decoder.h"

namespace {

using meshcheck::kube::WatchDecoder;

constexpr std::size_t kLineSizeMax = 4096;

void read_object(const simdjson::dom::element& object) {
  using namespace meshcheck::kube;
  static_cast<void>(decode_metadata(object));
  static_cast<void>(decode_resource_version(object));
  static_cast<void>(decode<Pod>(object));
  static_cast<void>(decode<Node>(object));
  static_cast<void>(decode<AnyObject>(object));
}

// Everything that came out, as text.
std::string read(std::string_view first, std::string_view second) {
  WatchDecoder decoder(kLineSizeMax);
  std::string seen;
  for (const std::string_view piece : {first, second}) {
    decoder.feed(piece);
    while (const auto event = decoder.next()) {
      if (!*event) return seen + "refused";
      read_object((*event)->object);
      seen += std::to_string(static_cast<int>((*event)->type)) +
              simdjson::minify((*event)->object) + std::to_string((*event)->code) +
              (*event)->message + "\n";
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = std::min<std::size_t>(data[0], text.size());
  if (read(text, "") != read(text.substr(0, cut), text.substr(cut))) std::abort();
  const auto page = meshcheck::kube::ListPage::parse(std::string(text));
  if (!page) return 0;
  if (page->resource_version().empty()) std::abort();
  for (const simdjson::dom::element& item : page->items()) read_object(item);
  return 0;
}
