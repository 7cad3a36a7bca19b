#include "lib/base/hex.h"

#include <gtest/gtest.h>

namespace meshcheck {
namespace {

TEST(HexTest, ReadsWhatItWroteInEitherCase) {
  const std::string bytes("\x00\x7f\xff\x10", 4);
  EXPECT_EQ(to_hex(bytes), "007fff10");
  EXPECT_EQ(from_hex("007fff10"), bytes);
  EXPECT_EQ(from_hex("007FfF10"), bytes);
  EXPECT_EQ(from_hex(""), "");
}

TEST(HexTest, WritesAWordWithAllItsZeros) {
  EXPECT_EQ(to_hex(std::uint64_t{0}), "0000000000000000");
  EXPECT_EQ(to_hex(std::uint64_t{0x00ab'cdef'0123'4567}), "00abcdef01234567");
  EXPECT_EQ(to_hex(~std::uint64_t{0}), "ffffffffffffffff");
}

TEST(HexTest, RefusesAllElse) {
  for (const char* text : {"0", "0g", "0x12", " 1", "-1", "1 ", "123"}) {
    EXPECT_FALSE(from_hex(text)) << text;
  }
}

}  // namespace
}  // namespace meshcheck
