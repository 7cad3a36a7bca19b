#include "lib/base/text.h"

#include <gtest/gtest.h>

namespace meshcheck {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonTextTest, LeavesPlainAsciiAndUtf8Alone) {
  EXPECT_EQ(quoted("node-1"), R"("node-1")");
  EXPECT_EQ(quoted("n\xC3\xB6"
                   "de \xF0\x9F\x98\x80"),
            "\"n\xC3\xB6"
            "de \xF0\x9F\x98\x80\"");
}

TEST(JsonTextTest, EscapesWhatGoEscapes) {
  EXPECT_EQ(quoted("<a>&\"\\\n\r\t\b\f"), R"("\u003ca\u003e\u0026\"\\\n\r\t\u0008\u000c")");
  EXPECT_EQ(quoted(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(quoted("\xE2\x80\xA8\xE2\x80\xA9"), R"("\u2028\u2029")");
}

TEST(JsonTextTest, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(quoted("a\xFFz"), R"("a\ufffdz")");
  EXPECT_EQ(quoted("\xC3"), R"("\ufffd")");
  EXPECT_EQ(quoted("\xED\xA0\x80"), R"("\ufffd\ufffd\ufffd")");  // A surrogate half.
  EXPECT_EQ(quoted("\xC0\xAF"), R"("\ufffd\ufffd")");            // Overlong.
}

TEST(TextTest, ComparesNamesInAnyLetterCase) {
  EXPECT_TRUE(equals_ignoring_case("Content-Length", "cONTENT-lENGTH"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
}

}  // namespace
}  // namespace meshcheck
