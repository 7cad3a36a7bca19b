#include "lib/flags/yaml_file.h"

#include <gtest/gtest.h>

namespace meshcheck::flags {
namespace {

std::string error_of(const std::string& text) {
  const auto entries = parse_yaml(text);
  return entries ? "no error" : entries.error().message();
}

TEST(YamlFileTest, KeepsOrderAndJoinsLists) {
  const auto entries = parse_yaml("b: 1\na: [x, 2]\nc: 'quoted: text'\n");
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ((*entries)[0].key, "b");
  EXPECT_EQ((*entries)[1].value, "x,2");
  EXPECT_EQ((*entries)[2].value, "quoted: text");
}

TEST(YamlFileTest, TakesAnEmptyFile) {
  const auto entries = parse_yaml("# nothing\n");
  ASSERT_TRUE(entries);
  EXPECT_TRUE(entries->empty());
}

TEST(YamlFileTest, RefusesWhatIsNotFlat) {
  EXPECT_EQ(error_of("a: 1\na: 2\n"), "a: given twice");
  EXPECT_EQ(error_of("a: {b: 1}\n"), "a: a plain value or a list is expected");
  EXPECT_EQ(error_of("a: [[1]]\n"), "a: the list may hold plain values only");
  EXPECT_EQ(error_of("a:\n"), "a: a value is missing");
  EXPECT_EQ(error_of("- a\n"), "a mapping of flag names to values is expected");
  EXPECT_EQ(error_of("[1]: 2\n"), "a key must be a flag's name");
  EXPECT_NE(error_of("a: [1\n"), "no error");
}

}  // namespace
}  // namespace meshcheck::flags
