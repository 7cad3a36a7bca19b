#include "lib/base/time.h"

#include <gtest/gtest.h>

namespace meshcheck {
namespace {

using namespace std::chrono_literals;

TEST(TimeTest, PrintsNanosecondsWithoutTrailingZeros) {
  const WallTime second = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + 5543s;
  EXPECT_EQ(format_rfc3339(second), "2026-11-21T01:32:23Z");
  EXPECT_EQ(format_rfc3339(second + 444961774ns), "2026-11-21T01:32:23.444961774Z");
  EXPECT_EQ(format_rfc3339(second + 500ms), "2026-11-21T01:32:23.5Z");
}

TEST(TimeTest, EchoesATimeWithItsOwnOffset) {
  EXPECT_EQ(Rfc3339::parse("2026-11-21T01:32:23.4449617740+02:00")->text(),
            "2026-11-21T01:32:23.444961774+02:00");
  EXPECT_EQ(Rfc3339::parse("2024-02-29T00:00:00.000Z")->text(), "2024-02-29T00:00:00Z");
  EXPECT_EQ(Rfc3339::parse("2024-02-29T00:00:00+00:00")->text(), "2024-02-29T00:00:00Z");
  EXPECT_EQ(Rfc3339().text(), "0001-01-01T00:00:00Z");
}

TEST(TimeTest, ReadsWhatItPrintsAndOtherOffsets) {
  const WallTime time = std::chrono::sys_days(std::chrono::year(2026) / 2 / 28) + 86399s + 7ns;
  EXPECT_EQ(*parse_wall_time(format_rfc3339(time)), time);
  EXPECT_EQ(*parse_wall_time("2026-03-01T05:29:59.000000007+05:30"), time);
  EXPECT_EQ(*parse_wall_time("2026-02-28T13:59:59.000000007-10:00"), time);
  EXPECT_FALSE(parse_wall_time("0001-01-01T00:00:00Z"));
}

TEST(TimeTest, RefusesWhatIsNotATime) {
  for (const char* text :
       {"", "2026", "2026-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2026-11-21 01:32:23Z",
        "2026-11-21T24:00:00Z", "2026-11-21T01:32:23", "2026-11-21T01:32:23.Z",
        "2026-11-21T01:32:23Zx", "2026-11-21T01:32:23+0200"}) {
    EXPECT_FALSE(Rfc3339::parse(text)) << text;
  }
}

}  // namespace
}  // namespace meshcheck
