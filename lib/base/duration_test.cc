#include "lib/base/duration.h"

#include <gtest/gtest.h>

namespace meshcheck {
namespace {

using namespace std::chrono_literals;

constexpr DurationRange kRange{.min = 0s, .max = 24h};

TEST(DurationTest, IsReadAsItIsWritten) {
  for (const auto& [text, duration] :
       {std::pair<std::string, std::chrono::milliseconds>{"200ms", 200ms},
        {"5s", 5s},
        {"90m", 90min},
        {"1m30s", 90s},
        {"1h1ms", 1h + 1ms},
        {"1d", 24h},
        {"0", 0s},
        {"0s", 0s}}) {
    const auto parsed = parse_duration(text, kRange);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, duration) << text;
  }
  EXPECT_EQ(format_duration(90s), "1m30s");
  EXPECT_EQ(format_duration(1h + 1ms), "1h1ms");
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(36h), "36h") << "as flags show their defaults";
  EXPECT_EQ(*parse_duration("366d12h", {.min = 0s, .max = 367 * 24h}), 366 * 24h + 12h);
}

TEST(DurationTest, RefusesWhatIsNoTimeOrOutOfRange) {
  for (const char* const text : {"", "5", "s", "-5s", "5 s", "5d", "5s5s", "1s1m", "1.5s", "5s ",
                                 "9999999999s", "25h", "1d1h", "1h1d", "2d"}) {
    EXPECT_FALSE(parse_duration(text, kRange)) << text;
  }
  EXPECT_EQ(parse_duration("1ms", {.min = 200ms, .max = 5min}).error().message(),
            "a time from 200ms to 5m is wanted, such as 200ms, 5s or 1m30s");
}

}  // namespace
}  // namespace meshcheck
