#include "lib/yaml/emit.h"

#include <gtest/gtest.h>

#include "lib/yaml/json.h"

namespace meshcheck::yaml {
namespace {

using Json = nlohmann::ordered_json;

TEST(YamlEmitTest, WritesBlocksInTheOrderOfTheTree) {
  const Json tree = Json::parse(R"({"b": [1, {"x": true}], "a": {"text": "two words"}, "none": null,
                                    "empty": [], "bare": {}})");
  EXPECT_EQ(text_of(tree),
            "b:\n  - 1\n  - x: true\na:\n  text: two words\nnone: null\nempty: []\nbare: {}\n");
}

TEST(YamlEmitTest, QuotesWhatReadersCouldTakeForSomethingElse) {
  const Json tree = Json::parse(
      R"(["yes", "No", "null", "12", "0x1f", "1:30", "2026-11-30T02:00:00Z", "a: b", "", "-x", "~"])");
  const auto read = parse(text_of(tree));
  ASSERT_EQ(read->items.size(), tree.size());
  for (const Node& item : read->items) EXPECT_FALSE(item.plain) << item.text;
}

TEST(YamlEmitTest, IsReadBackAsTheSame) {
  const std::string text =
      R"({"sentence": "node \"a\": 6 of 6 # since\n12:00\t", "größe": -1.5, "list": [[], [{"k": "ü"}]]})";
  EXPECT_EQ(*parse_json(text_of(Json::parse(text))), nlohmann::json::parse(text));
}

}  // namespace
}  // namespace meshcheck::yaml
