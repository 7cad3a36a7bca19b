#include "lib/base/json_writer.h"

#include <gtest/gtest.h>

#include <vector>

namespace meshcheck {
namespace {

using namespace std::chrono_literals;

TEST(JsonWriterTest, PutsCommasBetweenMembers) {
  std::string out = "{";
  append_json_member(out, "name", "a\"b");
  append_json_number(out, "count", 7);
  append_json_flag(out, "known", true);
  append_json_flag(out, "unknown", std::nullopt);
  append_json_milliseconds(out, "rtt_ms", 1007us);
  append_json_milliseconds(out, "lag_ms", -1us);
  EXPECT_EQ(out, R"({"name":"a\"b","count":7,"known":true,"rtt_ms":1.007,"lag_ms":0.000)");
}

TEST(JsonWriterTest, WritesNumbersAsShortAsTheyCanBe) {
  std::string out;
  for (const double number : {0.25, 1.5e-05, 1e6, 1.0 / 3}) {
    append_json_number(out, number);
    out += ' ';
  }
  EXPECT_EQ(out, "0.25 1.5e-05 1e+06 0.333333 ");
}

TEST(JsonWriterTest, LeavesOutWhatExceedsAListsBound) {
  const std::vector<std::string> texts = {"one", "two", "three"};
  std::string out;
  append_json_texts(out, texts, {.items_max = 2, .bytes_max = 100});
  EXPECT_EQ(out, R"(["one","two"])");
  out.clear();
  append_json_texts(out, texts, {.items_max = 9, .bytes_max = 8});
  EXPECT_EQ(out, R"(["one"])");
  out = "{";
  append_json_list(out, "list", std::vector<int>(), {.items_max = 1, .bytes_max = 1}, [](int) {});
  EXPECT_EQ(out, R"({"list":[])");
}

}  // namespace
}  // namespace meshcheck
