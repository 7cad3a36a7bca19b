#include "lib/yaml/json.h"

#include <gtest/gtest.h>

namespace meshcheck::yaml {
namespace {

std::string read(const std::string& text) {
  const auto parsed = parse_json(text);
  return parsed ? parsed->dump() : "error: " + parsed.error().message();
}

TEST(JsonTest, KeepsTheShapeAndTellsTextsFromNumbers) {
  EXPECT_EQ(read("a: 1\nb: [x, '2', -3, 1.5, true, ~]\nc:\n  d: {e: 5s}\n  f:\n"),
            R"({"a":1,"b":["x","2",-3,1.5,true,null],"c":{"d":{"e":"5s"},"f":null}})");
  EXPECT_EQ(read(R"({"a": [{"b": "c"}]})"), R"({"a":[{"b":"c"}]})");
  EXPECT_EQ(read(""), "null");
  EXPECT_EQ(read("[nan, inf, 0x10, 1e999, ., -]"), R"(["nan","inf","0x10","1e999",".","-"])");
}

TEST(JsonTest, RefusesWhatUnfoldsOrIsAmbiguous) {
  EXPECT_EQ(read("a: &x [1]\nb: *x\n"), "error: line 2: an alias; write it out");
  EXPECT_EQ(read("a: 1\na: 2\n"), "error: line 2: a: given twice");
  EXPECT_EQ(read("[a, b]: 2\n"), "error: line 1: a key must be a plain text");
  EXPECT_EQ(read("a: !!binary eA==\n"), "error: line 1: the tag tag:yaml.org,2002:binary");
  EXPECT_EQ(read("a: 1\n---\nb: 1\n"), "error: more than one document");
}

TEST(JsonTest, IsBoundedInDepthCountAndSize) {
  EXPECT_EQ(read(std::string(33, '[') + std::string(33, ']')),
            "error: line 1: nested deeper than 32");
  EXPECT_EQ(read(std::string(32, '[') + std::string(32, ']')),
            std::string(32, '[') + std::string(32, ']'));
  std::string many = "[";
  for (std::size_t i = 0; i < Bounds().values_max; ++i) many += "1,";
  EXPECT_EQ(read(many + "]"), "error: line 1: more than 100000 values");
  EXPECT_EQ(read(std::string((std::size_t{1} << 20U) + 1, ' ')), "error: larger than 1 MiB");
  EXPECT_TRUE(read("a: [").starts_with("error: "));
}

}  // namespace
}  // namespace meshcheck::yaml
