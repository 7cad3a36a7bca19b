#include "mesh/history/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <cassert>

namespace meshcheck::history {
namespace {

constexpr int kWindowBits = -12;  // Less than 0: no header. 4 KB; most chunks are below 1 KB.
constexpr int kMemoryLevel = 5;
constexpr std::size_t kRoomMin = 1024;

}  // namespace

Bytes deflate(std::span<const std::uint8_t> bytes) {
  z_stream stream{};
  // It fails for want of memory alone, as operator new does.
  const int begun = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindowBits,
                                 kMemoryLevel, Z_DEFAULT_STRATEGY);
  assert(begun == Z_OK);
  Bytes made(deflateBound(&stream, bytes.size()));
  stream.next_in = const_cast<std::uint8_t*>(bytes.data());  // zlib writes nothing there.
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = made.data();
  stream.avail_out = static_cast<uInt>(made.size());
  const int ended = ::deflate(&stream, Z_FINISH);
  made.resize(stream.total_out);
  deflateEnd(&stream);
  assert(ended == Z_STREAM_END);
  return made;
}

std::optional<Bytes> inflate(std::span<const std::uint8_t> bytes, std::size_t size_max) {
  z_stream stream{};
  const int begun = inflateInit2(&stream, kWindowBits);
  assert(begun == Z_OK);
  stream.next_in = const_cast<std::uint8_t*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  Bytes made;
  int ended = Z_OK;
  // One byte more than may be tells that there is too much.
  while (ended == Z_OK && made.size() <= size_max) {
    made.resize(std::min(size_max + 1, std::max(kRoomMin, 2 * made.size())));
    stream.next_out = made.data() + stream.total_out;
    stream.avail_out = static_cast<uInt>(made.size() - stream.total_out);
    ended = ::inflate(&stream, Z_SYNC_FLUSH);
    if (ended == Z_OK && stream.avail_out != 0) ended = Z_BUF_ERROR;  // The end is missing.
  }
  const bool whole = ended == Z_STREAM_END && stream.avail_in == 0 && stream.total_out <= size_max;
  made.resize(stream.total_out);
  inflateEnd(&stream);
  if (!whole) return std::nullopt;
  return made;
}

}  // namespace meshcheck::history
