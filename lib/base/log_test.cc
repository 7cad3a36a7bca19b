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

TEST(LogTest, EscapesWhatSteersATerminalOrTurnsTextRound) {
  const std::string name =
      "a\x7f\xC2\x9B"
      "1m\xE2\x80\xAE\xE2\x81\xA6\xD8\x9C\xE2\x80\x8F\xC3\xA4\xE2\x82\xAC";
  const std::string escaped =
      "\"a\\u007f\\u009b1m\\u202e\\u2066\\u061c\\u200f\xC3\xA4\xE2\x82\xAC\"";
  for (const auto format : {Log::Format::kLogfmt, Log::Format::kJson}) {
    const std::string line =
        format_log_line(format, Log::Level::kInfo, "t", "e", {{"agent", name}});
    EXPECT_NE(line.find(escaped), std::string::npos) << line;
  }
}

TEST(LogTest, MapsVerbosityOfGlogToLevels) {
  EXPECT_EQ(Log::level_of_verbosity(5), Log::Level::kDebug);
  EXPECT_EQ(Log::level_of_verbosity(0), Log::Level::kInfo);
  EXPECT_EQ(Log::level_of_verbosity(-1), Log::Level::kWarning);
  EXPECT_FALSE(Log({.level = Log::Level::kInfo}).enabled(Log::Level::kDebug));
}

}  // namespace
}  // namespace meshcheck
