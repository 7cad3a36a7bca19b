#include "meshctl/style.h"

#include <gtest/gtest.h>

namespace meshcheck::meshctl {
namespace {

TEST(StyleTest, HasColoursOnATerminalAlone) {
  EXPECT_TRUE(wants_colour(Colour::kAuto, {.terminal = true, .term = "xterm"}));
  EXPECT_FALSE(wants_colour(Colour::kAuto, {.terminal = false, .term = "xterm"}));
  EXPECT_FALSE(wants_colour(Colour::kAuto, {.terminal = true, .term = "dumb"}));
}

TEST(StyleTest, LetsNoColorWinOverClicolorForce) {
  const Surface forced{.clicolor_force = "1"};
  EXPECT_TRUE(wants_colour(Colour::kAuto, forced));
  EXPECT_FALSE(wants_colour(Colour::kAuto, {.no_color = "1", .clicolor_force = "1"}));
  EXPECT_FALSE(wants_colour(Colour::kAuto, {.terminal = true, .no_color = "0"}));
  EXPECT_TRUE(wants_colour(Colour::kAuto, {.terminal = true, .no_color = ""}));
}

TEST(StyleTest, LetsTheFlagWinOverAll) {
  EXPECT_TRUE(wants_colour(Colour::kAlways, {.term = "dumb", .no_color = "1"}));
  EXPECT_FALSE(wants_colour(Colour::kNever, {.terminal = true, .clicolor_force = "1"}));
}

}  // namespace
}  // namespace meshcheck::meshctl
