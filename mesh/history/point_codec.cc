#include "mesh/history/point_codec.h"

#include <algorithm>
#include <cassert>

#include "lib/base/varint.h"

namespace meshcheck::history {
namespace {

using View = std::span<const std::uint8_t>;

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kDeflatedFormat = 2;  // Of a chunk.

constexpr std::size_t kVarintBytes = 3;  // Of a difference.
// Of the largest chunk, without its format.
constexpr std::size_t kChunkBytesMax =
    kVarintBytes + kColumns * (1 + kVarintBytes * kChunkPointsMax);

enum Kind : std::uint8_t { kSame, kDifferences };

// Small for small differences of either sign: 0, -1, 1, -2, 2...
std::uint32_t zigzag(std::int32_t value) {
  return value < 0 ? 2 * static_cast<std::uint32_t>(-value) - 1
                   : 2 * static_cast<std::uint32_t>(value);
}

std::int32_t from_zigzag(std::uint32_t value) {
  const auto half = static_cast<std::int32_t>(value / 2);
  return value % 2 == 0 ? half : -half - 1;
}

// kNone is 0, so that it takes one byte.
std::uint32_t stored(std::uint16_t value) {
  return value == Point::kNone ? 0 : value + 1U;
}

std::optional<std::uint16_t> take_stored(View& bytes) {
  const auto value = take_varint(bytes);
  if (!value || *value > Point::kNone) return std::nullopt;
  return static_cast<std::uint16_t>(*value == 0 ? Point::kNone : *value - 1);
}

void append_column(Bytes& bytes, std::span<const Point> points, std::size_t column) {
  const auto value_of = [column](const Point& point) { return stored(point.values.at(column)); };
  const std::uint32_t first = value_of(points.front());
  const bool same =
      std::ranges::all_of(points, [&](const Point& point) { return value_of(point) == first; });
  bytes.push_back(same ? kSame : kDifferences);
  append_varint(bytes, first);
  if (same) return;
  auto before = static_cast<std::int32_t>(first);
  for (const Point& point : points.subspan(1)) {
    const auto value = static_cast<std::int32_t>(value_of(point));
    append_varint(bytes, zigzag(value - before));
    before = value;
  }
}

bool take_column(View& bytes, std::span<Point> points, std::size_t column) {
  if (bytes.empty() || bytes.front() > kDifferences) return false;
  const bool same = bytes.front() == kSame;
  bytes = bytes.subspan(1);
  const auto first = take_stored(bytes);
  if (!first) return false;
  for (Point& point : points) point.values.at(column) = *first;
  if (same) return true;
  auto value = static_cast<std::int32_t>(stored(*first));
  for (Point& point : points.subspan(1)) {
    const auto step = take_varint(bytes);
    if (!step || *step > 2U * Point::kNone) return false;
    value += from_zigzag(*step);
    if (value < 0 || value > Point::kNone) return false;
    point.values.at(column) = static_cast<std::uint16_t>(value == 0 ? Point::kNone : value - 1);
  }
  return true;
}

Result<std::vector<Point>> take_chunk(View bytes) {
  const auto count = take_varint(bytes);
  if (!count || *count > kChunkPointsMax) return Error("a chunk has too many points");
  std::vector<Point> points(*count);
  for (std::size_t column = 0; column < kColumns && !points.empty(); ++column) {
    if (!take_column(bytes, points, column)) return Error("a column of points is damaged");
  }
  if (!bytes.empty()) return Error("a chunk is longer than its points");
  return points;
}

}  // namespace

Bytes encode_chunk(std::span<const Point> points) {
  assert(points.size() <= kChunkPointsMax);
  Bytes bytes = {kFormat};
  append_varint(bytes, static_cast<std::uint32_t>(points.size()));
  if (points.empty()) return bytes;
  for (std::size_t column = 0; column < kColumns; ++column) append_column(bytes, points, column);
  const Bytes deflated = deflate(View(bytes).subspan(1));
  if (deflated.size() + 1 >= bytes.size()) return bytes;
  bytes.assign(1, kDeflatedFormat);
  bytes.insert(bytes.end(), deflated.begin(), deflated.end());
  return bytes;
}

Result<std::vector<Point>> decode_chunk(View bytes) {
  if (bytes.empty()) return Error("a chunk has no format");
  const View rest = bytes.subspan(1);
  if (bytes.front() == kFormat) return take_chunk(rest);
  if (bytes.front() != kDeflatedFormat) return Error("the format of points is not known");
  const auto plain = inflate(rest, kChunkBytesMax);
  return plain ? take_chunk(*plain) : Error("compressed points are damaged");
}

Bytes encode_tick(const Tick& tick) {
  Bytes bytes = {kFormat};
  for (const auto& [key, point] : tick) {
    assert(key.node.size() <= kNodeNameMax);
    append_varint(bytes, static_cast<std::uint32_t>(key.node.size()));
    bytes.insert(bytes.end(), key.node.begin(), key.node.end());
    bytes.push_back(static_cast<std::uint8_t>(key.layer));
    for (const std::uint16_t value : point.values) append_varint(bytes, stored(value));
  }
  return bytes;
}

Result<void> decode_tick(View bytes, const TakeSeries& take) {
  if (bytes.empty() || bytes.front() != kFormat) return Error("the format of a tick is not known");
  bytes = bytes.subspan(1);
  while (!bytes.empty()) {
    const auto size = take_varint(bytes);
    if (!size || *size > kNodeNameMax || *size + 1 > bytes.size()) {
      return Error("a tick ends in the middle of a name");
    }
    const std::string node(bytes.begin(), bytes.begin() + *size);
    bytes = bytes.subspan(*size);
    if (bytes.front() > static_cast<std::uint8_t>(mesh::Layer::kHost)) {
      return Error("a tick has a layer that is not known");
    }
    const auto layer = static_cast<mesh::Layer>(bytes.front());
    bytes = bytes.subspan(1);
    Point point;
    for (std::uint16_t& value : point.values) {
      const auto taken = take_stored(bytes);
      if (!taken) return Error("a tick ends in the middle of a point");
      value = *taken;
    }
    take(node, layer, point);
  }
  return {};
}

}  // namespace meshcheck::history
