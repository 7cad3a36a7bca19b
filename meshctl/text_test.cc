#include "meshctl/text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <clocale>

#include "meshctl/table.h"

namespace meshcheck::meshctl {
namespace {

class TextTest : public testing::Test {
 protected:
  TextTest() { std::setlocale(LC_CTYPE, "C.UTF-8"); }
};

TEST_F(TextTest, CountsColumnsAndNotBytes) {
  EXPECT_EQ(display_width("node"), 4U);
  EXPECT_EQ(display_width("größe"), 5U);
  EXPECT_EQ(display_width("節点"), 4U);
}

TEST_F(TextTest, ShowsNoControlCharacters) {
  EXPECT_EQ(printable("a\x1b[31mb\n\xff\r"), "a?[31mb???");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a?b");
}

TEST_F(TextTest, ShowsNoMarksThatTurnTheDirection) {
  EXPECT_EQ(printable("a\u202eb\u2066c\u061cd\u200fe"), "a?b?c?d?e");
  EXPECT_EQ(display_width(printable("a\u202eb")), 3U);
  EXPECT_EQ(printable("e\u0301"), "e\u0301");
}

TEST_F(TextTest, EscapesWhatWouldCommandATerminal) {
  EXPECT_EQ(escaped_for_terminal("größe 節点\r\nb\tc\n"), "größe 節点\r\nb\tc\n");
  EXPECT_EQ(escaped_for_terminal("a\x1b[31m\rb\x7f"), "a\\u001b[31m\\u000db\\u007f");
  EXPECT_EQ(escaped_for_terminal("\u009b31m \u202e \u2069"), "\\u009b31m \\u202e \\u2069");
  EXPECT_EQ(escaped_for_terminal(std::string_view("\0\x9b", 2)), "\\u0000\\ufffd");
}

TEST_F(TextTest, ShortensToColumns) {
  EXPECT_EQ(shorten("node-12", 7), "node-12");
  EXPECT_EQ(shorten("node-12", 5), "node~");
  EXPECT_EQ(shorten("節点節点", 4), "節~");
  EXPECT_EQ(shorten("node", 0), "");
}

TEST_F(TextTest, SaysAnAgeWithItsLargestUnit) {
  using namespace std::chrono_literals;
  EXPECT_EQ(age_text(-5s), "0 s");
  EXPECT_EQ(age_text(59s), "59 s");
  EXPECT_EQ(age_text(60s), "1 m");
  EXPECT_EQ(age_text(3h + 59min), "3 h");
  EXPECT_EQ(age_text(49h), "2 d");
  EXPECT_EQ(ago("soon", WallTime()), "soon");
}

TEST_F(TextTest, SortsNumbersByTheirValue) {
  std::vector<std::string> names = {"node-10", "node-2", "node-02", "node", "a", "node-2b"};
  std::sort(names.begin(), names.end(), natural_less);
  EXPECT_EQ(names,
            (std::vector<std::string>{"a", "node", "node-02", "node-2", "node-2b", "node-10"}));
}

TEST_F(TextTest, AlignsATableByColumnsOfTheScreen) {
  const Table table{.columns = {{.name = "name"},
                                {.name = "lost_of", .right = true},
                                {.name = "x", .wide = true}},
                    .rows = {{"節点", "5", "w"}, {"n\x1b", Cell("100").with_value("1.00"), ""}}};
  EXPECT_EQ(write_table(table, false, {}), "NAME  LOST OF\n節点        5\nn?        100\n");
  EXPECT_EQ(write_table(table, true, {}), "NAME  LOST OF  X\n節点        5  w\nn?        100\n");
  EXPECT_EQ(write_csv(table), "name,lost_of,x\r\n節点,5,w\r\nn\x1b,1.00,\r\n");
}

TEST_F(TextTest, PaintsACellAndNotItsBlanks) {
  const Table table{.columns = {{.name = "state"}, {.name = "b"}},
                    .rows = {{Cell("D", Paint::kBad), "x"}}};
  EXPECT_EQ(write_table(table, false, {.colour = true}), "STATE  B\n\x1b[31mD\x1b[0m      x\n");
}

}  // namespace
}  // namespace meshcheck::meshctl
