#include "lib/base/csv.h"

#include <gtest/gtest.h>

namespace meshcheck {
namespace {

std::string cell(std::string_view value) {
  std::string text;
  append_csv_cell(text, value);
  return text;
}

TEST(CsvTest, QuotesACellWhereItHasTo) {
  EXPECT_EQ(cell(""), ",");
  EXPECT_EQ(cell("a b"), "a b,");
  EXPECT_EQ(cell("a,b"), "\"a,b\",");
  EXPECT_EQ(cell("a \"b\""), "\"a \"\"b\"\"\",");
  EXPECT_EQ(cell("a\nb"), "\"a\nb\",");
  EXPECT_EQ(cell("a\rb"), "\"a\rb\",");
}

TEST(CsvTest, LeavesNoFormulaToASpreadsheet) {
  EXPECT_EQ(cell("=1+1"), "'=1+1,");
  EXPECT_EQ(cell("+1+1"), "'+1+1,");
  EXPECT_EQ(cell("@SUM(A1)"), "'@SUM(A1),");
  EXPECT_EQ(cell("-1+1"), "'-1+1,");
  EXPECT_EQ(cell("-"), "'-,");
  EXPECT_EQ(cell("-inf"), "'-inf,");
  EXPECT_EQ(cell("\t=1"), "'\t=1,");
  EXPECT_EQ(cell("\r=1"), "\"'\r=1\",");
  EXPECT_EQ(cell("=HYPERLINK(\"http://x\",\"y\")"), "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",");
}

TEST(CsvTest, KeepsNumbersAndWhatIsNoFormula) {
  for (const std::string value : {"-1.5", "-3", "-1e-05", "0", "a=b", "2026-11-21T00:00:00Z"}) {
    EXPECT_EQ(cell(value), value + ",");
  }
}

TEST(CsvTest, EndsARowInPlaceOfItsLastComma) {
  std::string rows;
  for (int i = 0; i < 2; ++i) {
    append_csv_cell(rows, "a");
    append_csv_cell(rows, "");
    end_csv_row(rows);
  }
  EXPECT_EQ(rows, "a,\r\na,\r\n");
}

}  // namespace
}  // namespace meshcheck
