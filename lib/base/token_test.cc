#include "lib/base/token.h"

#include <gtest/gtest.h>

#include "lib/testing/temporary_directory.h"

namespace meshcheck {
namespace {

TEST(TokenTest, TakesTheBlanksAroundItAway) {
  EXPECT_EQ(*parse_token(" a.b-c\r\n"), "a.b-c");
  EXPECT_EQ(parse_token("\r\n").error().message(), "the token is empty");
}

TEST(TokenTest, RefusesWhatWouldEndAHeaderAndDoesNotShowIt) {
  for (const char* const text : {"se cret", "se\r\nX: y", "se\tcret", "secr\xc3\xa9t", "se\x7f"}) {
    EXPECT_EQ(check_token(text).error().message(),
              "the token has characters that no token may have");
  }
}

TEST(TokenTest, NamesTheFileThatHasNone) {
  const TemporaryDirectory folder;
  const std::string path = folder.write("token", "a b");
  EXPECT_EQ(read_token(path, 10).error().message(),
            path + ": the token has characters that no token may have");
  EXPECT_EQ(read_token(path, 2).error().message(), "open " + path + ": larger than 2 bytes");
  EXPECT_FALSE(read_token(folder.file("none"), 10));
  EXPECT_EQ(*read_token(folder.write("token", "t\n"), 10), "t");
}

}  // namespace
}  // namespace meshcheck
