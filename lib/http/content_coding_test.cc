#include "lib/http/content_coding.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <initializer_list>
#include <string>

namespace meshcheck::http {
namespace {

bool takes(std::initializer_list<std::string> values) {
  Request request;
  for (const std::string& value : values) request.headers.emplace_back("accept-encoding", value);
  return accepts_gzip(request);
}

std::string gunzip(const std::string& bytes, std::size_t size_max) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
  std::string out(size_max, '\0');
  std::string in = bytes;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(ContentCodingTest, TakesGzipFromThoseWhoAskForIt) {
  EXPECT_TRUE(takes({"gzip"}));
  EXPECT_TRUE(takes({"GZip"}));
  EXPECT_TRUE(takes({"x-gzip"}));
  EXPECT_TRUE(takes({"deflate, gzip, br"}));
  EXPECT_TRUE(takes({"deflate", "gzip;q=0.001"})) << "several headers are one list";
  EXPECT_TRUE(takes({"br;q=1.0 , gzip ; q=0.8, *;q=0.1"}));
  EXPECT_TRUE(takes({"*"}));
  EXPECT_TRUE(takes({"identity;q=0.5, *"}));
  EXPECT_TRUE(takes({", gzip,,"})) << "empty elements count for nothing";
}

TEST(ContentCodingTest, LeavesAloneThoseWhoDoNot) {
  EXPECT_FALSE(takes({}));
  EXPECT_FALSE(takes({""}));
  EXPECT_FALSE(takes({"identity"}));
  EXPECT_FALSE(takes({"deflate, br"}));
  EXPECT_FALSE(takes({"gzip;q=0"}));
  EXPECT_FALSE(takes({"gzip;q=0.000"}));
  EXPECT_FALSE(takes({"gzip;q=0, *;q=1"})) << "the name counts more than the star";
  EXPECT_FALSE(takes({"*;q=0"}));
  EXPECT_FALSE(takes({"identity, gzip;q=0.5"})) << "no coding is preferred";
  EXPECT_FALSE(takes({"gzipped"}));
}

TEST(ContentCodingTest, LeavesAloneThoseWhoseListIsNone) {
  for (const char* weight : {"q=", "q=2", "q=1.001", "q=0.1234", "q=-1", "q=0,5x;", "r=1", "q",
                             "q=.5", "q=0.x", "q=1.0;q=0"}) {
    EXPECT_FALSE(takes({std::string("gzip;") + weight})) << weight;
  }
}

TEST(ContentCodingTest, MakesWhatCanBeReadAgain) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "agent-" + std::to_string(i * 7919) + " up\n";
  const std::string small = gzip(text);
  EXPECT_LT(small.size(), text.size() / 2);
  EXPECT_EQ(gunzip(small, text.size() + 1), text);
  EXPECT_EQ(gunzip(gzip(""), 1), "");
}

TEST(ContentCodingTest, MakesOneStreamOfManyPieces) {
  GzipStream stream;
  std::string out;
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece = "piece " + std::to_string(i) + "; ";
    text += piece;
    stream.append(out, piece, false);
    stream.append(out, {}, false);
  }
  stream.append(out, {}, true);
  EXPECT_EQ(gunzip(out, text.size() + 1), text);
}

}  // namespace
}  // namespace meshcheck::http
