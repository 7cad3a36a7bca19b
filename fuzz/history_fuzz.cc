// Chunks and ticks of the history: bytes of a database file that may be damaged.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "mesh/history/point_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshcheck;
  const std::span<const std::uint8_t> bytes(data, size);
  if (const auto points = history::decode_chunk(bytes)) {
    const auto again = history::decode_chunk(history::encode_chunk(*points));
    if (!again || *again != *points) std::abort();
  }
  history::Tick tick;
  const auto read = history::decode_tick(
      bytes, [&](std::string_view node, mesh::Layer layer, const history::Point& point) {
        tick[{std::string(node), layer}] = point;
      });
  if (!read) return 0;
  history::Tick again;
  const auto reread = history::decode_tick(
      history::encode_tick(tick),
      [&](std::string_view node, mesh::Layer layer, const history::Point& point) {
        again[{std::string(node), layer}] = point;
      });
  if (!reread || again != tick) std::abort();
  return 0;
}
