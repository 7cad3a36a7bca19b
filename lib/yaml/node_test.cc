#include "lib/yaml/node.h"

#include <gtest/gtest.h>

namespace meshcheck::yaml {
namespace {

TEST(NodeTest, KeepsOrderSpellingAndLines) {
  const auto root = parse("b: 0x10\na:\n- [x]\n- 'y'\n- ~\n");
  ASSERT_TRUE(root) << root.error().message();
  ASSERT_EQ(root->entries.size(), 2U);
  EXPECT_EQ(root->entries[0].key, "b");
  EXPECT_EQ(root->find("b")->text, "0x10");
  EXPECT_TRUE(root->find("b")->plain);
  const Node& list = *root->find("a");
  ASSERT_EQ(list.items.size(), 3U);
  EXPECT_TRUE(list.items[0].is_list());
  EXPECT_EQ(list.items[0].items[0].error("what").message(), "line 3: what");
  EXPECT_FALSE(list.items[1].plain);
  EXPECT_TRUE(list.items[2].is_null());
  EXPECT_EQ(root->entries[1].error("what").message(), "line 2: what");
}

TEST(NodeTest, FindsNothingInWhatIsNoMap) {
  const auto root = parse("[a]");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("a"), nullptr);
  EXPECT_TRUE(parse("# nothing\n")->is_null());
}

TEST(NodeTest, NamesTheLineOfAMistake) {
  EXPECT_EQ(parse("a: 1\nb: [c\n").error().message().find("line "), 0U);
  EXPECT_EQ(parse("a: 1\na: 2\n").error().message(), "line 2: a: given twice");
  EXPECT_EQ(read("/no/such/file").error().message(), "open: No such file or directory");
}

}  // namespace
}  // namespace meshcheck::yaml
