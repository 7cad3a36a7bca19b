#include "mesh/history/deflate.h"

#include <gtest/gtest.h>

namespace meshcheck::history {
namespace {

TEST(DeflateTest, ReadsWhatItWrote) {
  Bytes bytes;
  for (int i = 0; i < 5000; ++i) bytes.push_back(static_cast<std::uint8_t>(i * i / 7));
  for (const std::size_t size : {0U, 1U, 1023U, 1024U, 1025U, 5000U}) {
    const Bytes part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(inflate(deflate(part), size), part) << size;
  }
}

TEST(DeflateTest, RefusesAFewBytesThatWouldBecomeMany) {
  const Bytes few = deflate(Bytes(1 << 20));
  EXPECT_LT(few.size(), 2000U);
  EXPECT_FALSE(inflate(few, (1 << 20) - 1));
  EXPECT_EQ(inflate(few, 1 << 20), Bytes(1 << 20));
}

TEST(DeflateTest, RefusesWhatIsCutOrGoesOn) {
  Bytes good = deflate(Bytes(100, 7));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(inflate(std::span(good).first(size), 1000)) << size;
  }
  good.push_back(0);
  EXPECT_FALSE(inflate(good, 1000));
  EXPECT_FALSE(inflate(Bytes{0xff, 0xff}, 1000));
}

}  // namespace
}  // namespace meshcheck::history
