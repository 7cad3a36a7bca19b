#include "meshctl/version.h"

#include <gtest/gtest.h>

namespace meshcheck::meshctl {
namespace {

TEST(VersionTest, WarnsOfAnotherMinorVersion) {
  EXPECT_EQ(skew_warning("0.1.0", "0.1.9"), "");
  EXPECT_EQ(skew_warning("0.1.0", ""), "");
  EXPECT_NE(skew_warning("0.1.0", "0.2.0"), "");
  EXPECT_NE(skew_warning("0.1.0", "1.1.0"), "");
}

}  // namespace
}  // namespace meshcheck::meshctl
