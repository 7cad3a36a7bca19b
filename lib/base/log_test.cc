#include "lib/base/log.h"

#include <gtest/gtest.h>

namespace meshcheck {
namespace {

TEST(LogTest, WritesLogfmtAndQuotesOnlyWhereNeeded) {
  EXPECT_EQ(format_log_line(Log::Format::kLogfmt, Log::Level::kInfo, "T", "agent is back",
                            {{"agent", "a-1"}, {"note", "x=1\n"}, {"age", 3}, {"ok", true}}),
            R"(time=T level=info event="agent is back" agent=a-1 note="x=1\n" age=3 ok=true)");
}

TEST(LogTest, WritesJsonWithNumbersUnquoted) {
  EXPECT_EQ(format_log_line(Log::Format::kJson, Log::Level::kError, "T", "e",
                            {{"text", "\"q\""}, {"count", 7U}, {"ok", false}}),
            R"({"time":"T","level":"error","event":"e","text":"\"q\"","count":7,"ok":false})");
}

TEST(LogTest, MapsVerbosityOfGlogToLevels) {
  EXPECT_EQ(Log::level_of_verbosity(5), Log::Level::kDebug);
  EXPECT_EQ(Log::level_of_verbosity(0), Log::Level::kInfo);
  EXPECT_EQ(Log::level_of_verbosity(-1), Log::Level::kWarning);
  EXPECT_FALSE(Log({.level = Log::Level::kInfo}).enabled(Log::Level::kDebug));
}

}  // namespace
}  // namespace meshcheck
