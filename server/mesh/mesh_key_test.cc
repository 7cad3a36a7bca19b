#include "server/mesh/mesh_key.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

TEST(MeshKeyTest, ReadsBytesOrTheirDigits) {
  EXPECT_EQ(*parse_mesh_key("000102030405060708090a0B0C0D0E0F\n"),
            std::string("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 16));
  EXPECT_EQ(*parse_mesh_key("sixteen octets.."), "sixteen octets..");
  EXPECT_EQ(*parse_mesh_key("0123456789abcdef"), "0123456789abcdef") << "too few to be digits";
}

TEST(MeshKeyTest, RefusesShortAndLongOnesWithoutShowingThem) {
  for (const std::string& text : {std::string(), std::string("secret"), std::string(65, 's')}) {
    const auto key = parse_mesh_key(text);
    ASSERT_FALSE(key);
    EXPECT_NE(key.error().message().find("16 to 64 bytes"), std::string::npos);
    EXPECT_EQ(key.error().message().find("secret"), std::string::npos);
  }
  EXPECT_FALSE(read_mesh_key("/nowhere/key"));
}

TEST(MeshKeyTest, MakesAnotherEachTime) {
  const auto one = make_mesh_key();
  ASSERT_TRUE(one);
  EXPECT_EQ(one->size(), kMeshKeySize);
  EXPECT_NE(*one, *make_mesh_key());
}

}  // namespace
}  // namespace meshcheck::server
