// Server-sent events, whole and in two pieces: how the bytes are cut must not change what is read.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "meshctl/event_lines.h"
#include "meshctl/event_parser.h"

namespace {

using namespace meshcheck::meshctl;

constexpr std::size_t kEventSizeMax = 4096;

std::string read(std::string_view first, std::string_view second) {
  EventParser parser(kEventSizeMax);
  std::string seen;
  for (const std::string_view piece : {first, second}) {
    if (!parser.feed(piece)) return seen + "refused";
    while (const auto event = parser.next()) {
      seen += event->type + '\n' + event->id + '\n' + event->data + '\n';
      for (const Format format : {Format::kTable, Format::kJson, Format::kName}) {
        const auto lines = event_lines(*event, {.format = format, .now = {}});
        if (lines && format == Format::kTable && lines->find('\x1b') != std::string::npos)
          std::abort();
      }
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > kEventSizeMax) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = std::min<std::size_t>(data[0], text.size());
  if (read(text, "") != read(text.substr(0, cut), text.substr(cut))) std::abort();
  return 0;
}
