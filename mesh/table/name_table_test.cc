#include "mesh/table/name_table.h"

#include <gtest/gtest.h>

namespace meshcheck::mesh {
namespace {

TEST(NameTableTest, KeepsATextOnceAndAsLongAsItIsUsed) {
  NameTable names(10);
  const auto first = names.acquire("a");
  ASSERT_TRUE(first);
  EXPECT_EQ(names.acquire("a"), first);
  EXPECT_EQ(names.size(), 1U);
  EXPECT_EQ(names.text(*first), "a");
  names.release(*first);
  EXPECT_EQ(names.find("a"), first);
  names.release(*first);
  EXPECT_FALSE(names.find("a"));
  EXPECT_EQ(names.text_size(), 0U);
  EXPECT_EQ(names.acquire("b"), first) << "a free number is used again";
}

TEST(NameTableTest, KeepsRoomForAgents) {
  NameTable names(8);
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(names.acquire("mention-" + std::to_string(i)));
  EXPECT_FALSE(names.acquire("mention-7"));
  EXPECT_TRUE(names.acquire("agent", NameTable::Use::kAgent));
  EXPECT_FALSE(names.acquire("agent-2", NameTable::Use::kAgent));
  EXPECT_EQ(names.refused(), 2U);
}

TEST(NameTableTest, RefusesNewTextsWhenFull) {
  NameTable names(1);
  EXPECT_TRUE(names.acquire("a"));
  EXPECT_FALSE(names.acquire("b"));
  EXPECT_TRUE(names.acquire("a"));
  EXPECT_EQ(names.acquire(""), NameTable::kNone) << "no text costs nothing";
  EXPECT_EQ(names.refused(), 1U);
}

}  // namespace
}  // namespace meshcheck::mesh
