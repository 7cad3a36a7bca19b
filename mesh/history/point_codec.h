// Points in bytes, as the database has them.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "mesh/history/deflate.h"
#include "mesh/history/point.h"
#include "mesh/report/probing_report.h"

namespace meshcheck::history {

// Successive points of one series: a byte of the format, their number, then each column, as one
// value if all are the same, else as differences. What follows the format is compressed where that
// makes it shorter.
inline constexpr std::size_t kChunkPointsMax = 1440;
// REQUIRES: at most kChunkPointsMax points.
Bytes encode_chunk(std::span<const Point> points);
// An error for bytes that encode_chunk() does not write: a file may be damaged.
Result<std::vector<Point>> decode_chunk(std::span<const std::uint8_t> bytes);

struct SeriesKey {
  std::string node;
  mesh::Layer layer = mesh::Layer::kPod;
  auto operator<=>(const SeriesKey&) const = default;
};

// All series at one time: a byte of the format, then each one's name, layer and values.
using Tick = std::map<SeriesKey, Point>;
inline constexpr std::size_t kNodeNameMax = 253;
// REQUIRES: names of at most kNodeNameMax bytes.
Bytes encode_tick(const Tick& tick);
// Calls `take` for each series until the bytes end or are wrong.
using TakeSeries =
    std::function<void(std::string_view node, mesh::Layer layer, const Point& point)>;
Result<void> decode_tick(std::span<const std::uint8_t> bytes, const TakeSeries& take);

}  // namespace meshcheck::history
