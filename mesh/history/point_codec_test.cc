#include "mesh/history/point_codec.h"

#include <gtest/gtest.h>

namespace meshcheck::history {
namespace {

// A healthy hour but for its tenth minute, and a hole.
std::vector<Point> hour() {
  std::vector<Point> points(60);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i >= 20 && i < 25) continue;
    points[i][Column::kUp] = 20;
    points[i][Column::kDegraded] = points[i][Column::kUnknown] = 0;
    points[i][Column::kDown] = i == 10 ? 19 : 0;
    points[i][Column::kLoss] = points[i][Column::kLossMax] = i == 10 ? Point::kLargest : 0;
    points[i][Column::kRttP50] = static_cast<std::uint16_t>(170 + i % 3);
    points[i][Column::kMtu] = 1450;
  }
  return points;
}

TEST(PointCodecTest, ReadsWhatItWrote) {
  for (const auto& points : {std::vector<Point>(), std::vector<Point>(1440), hour()}) {
    EXPECT_EQ(*decode_chunk(encode_chunk(points)), points);
  }
}

TEST(PointCodecTest, TakesLittleForWhatStays) {
  std::vector<Point> points = hour();
  EXPECT_LE(encode_chunk(points).size(), 9 * points.size());
  std::fill(points.begin(), points.end(), points.front());
  EXPECT_LE(encode_chunk(points).size(), 40U);
}

TEST(PointCodecTest, CompressesWhatMovesLittle) {
  std::vector<Point> points = hour();
  for (std::size_t i = 0; i < points.size(); i += 9) points[i][Column::kLoss] = 100;
  const Bytes chunk = encode_chunk(points);
  EXPECT_EQ(chunk.front(), 2);
  EXPECT_LE(chunk.size(), 150U);
  EXPECT_EQ(*decode_chunk(chunk), points);
}

TEST(PointCodecTest, ReadsTheLargestChunk) {
  std::vector<Point> points(kChunkPointsMax);
  for (std::size_t i = 0; i < points.size(); i += 2) points[i].values.fill(Point::kLargest);
  EXPECT_EQ(*decode_chunk(encode_chunk(points)), points);
}

TEST(PointCodecTest, RefusesDamagedChunks) {
  const Bytes good = encode_chunk(hour());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_chunk(std::span(good).first(size))) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(decode_chunk(longer));
  EXPECT_FALSE(decode_chunk(Bytes{1, 0xff, 0x7f}));  // 16,383 points.
  EXPECT_FALSE(decode_chunk(Bytes{2, 0}));
}

TEST(PointCodecTest, KeepsTheNamesOfATick) {
  Tick tick;
  tick[{"node-1", mesh::Layer::kPod}] = hour()[10];
  tick[{"node-1", mesh::Layer::kHost}] = hour()[0];
  tick[{std::string(kNodeNameMax, 'n'), mesh::Layer::kPod}] = Point();
  Tick read;
  const Bytes bytes = encode_tick(tick);
  ASSERT_TRUE(decode_tick(bytes, [&](std::string_view node, mesh::Layer layer, const Point& point) {
    read[{std::string(node), layer}] = point;
  }));
  EXPECT_EQ(read, tick);
  const auto nobody = [](std::string_view, mesh::Layer, const Point&) {};
  EXPECT_FALSE(decode_tick(std::span(bytes).first(bytes.size() - 1), nobody));
  EXPECT_FALSE(decode_tick(std::span(bytes).first(5), nobody));
  EXPECT_FALSE(decode_tick({}, nobody));
}

}  // namespace
}  // namespace meshcheck::history
