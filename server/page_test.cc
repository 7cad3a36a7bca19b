#include "server/page.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;
using State = AgentTable::Row::State;

TEST(PageTest, SaysWhoIsMissingAndEscapesForeignText) {
  const std::vector<AgentTable::Row> rows = {
      {.name = "<b>\"a\"&", .node = "n", .state = State::kAbsent},
      {.name = "b", .node = "<n>", .state = State::kOutdated, .age = 75s, .report_interval = 15s},
  };
  const std::string html =
      render_page({.expected = 9, .absent = {"a"}, .outdated = {"b"}}, {}, rows, WallTime());
  EXPECT_NE(html.find("1 absent, 1 outdated of 9 agents"), std::string::npos);
  EXPECT_NE(html.find("&lt;b&gt;&quot;a&quot;&amp;"), std::string::npos);
  EXPECT_EQ(html.find("<b>"), std::string::npos);
  EXPECT_NE(html.find("75 s ago"), std::string::npos);
  EXPECT_NE(html.find("never"), std::string::npos);
}

TEST(PageTest, SaysWhichWayLargePacketsAreLost) {
  const std::vector<AgentTable::Row> rows = {
      {.name = "a", .state = State::kUnpadded, .loss = {.to_server = true}},
      {.name = "b", .state = State::kUnpadded, .loss = {.from_server = true}},
      {.name = "c", .state = State::kUnpadded, .loss = {.to_server = true, .from_server = true}},
  };
  const std::string html = render_page(
      {.expected = 9, .outdated = {"o"}, .unpadded = {{"a"}, {"b"}, {"c"}}}, {}, rows, WallTime());
  EXPECT_NE(html.find("1 outdated, 3 without large packets of 9 agents"), std::string::npos);
  EXPECT_NE(html.find("<td class=\"unpadded\">large packets lost to the server<"),
            std::string::npos);
  EXPECT_NE(html.find(">large packets lost from the server<"), std::string::npos);
  EXPECT_NE(html.find(">large packets lost both ways<"), std::string::npos);
}

TEST(PageTest, TellsVerdictsAndWhatToRunNext) {
  const std::vector<VerdictRecord> verdicts = {{.severity = verdict::Severity::kCritical,
                                                .sentence = "pod network of <n> is broken",
                                                .next_command = "kubectl get 'a&b'"},
                                               {.severity = verdict::Severity::kInfo}};
  const std::string html = render_page({.expected = 8}, verdicts, {}, WallTime());
  EXPECT_NE(html.find("<p class=\"summary critical\">All 8 agents report, and something is broken"),
            std::string::npos);
  EXPECT_NE(html.find("<li class=\"critical\">pod network of &lt;n&gt; is broken<code>kubectl get "
                      "'a&amp;b'</code>"),
            std::string::npos);
  EXPECT_NE(html.find("<li class=\"info\">"), std::string::npos);
}

TEST(PageTest, SaysThatAllIsWellOrThatNobodyIsThere) {
  EXPECT_NE(render_page({.expected = 8}, {}, {}, WallTime()).find("All 8 agents report"),
            std::string::npos);
  EXPECT_NE(render_page({}, {}, {}, WallTime()).find("Nobody is expected"), std::string::npos);
}

}  // namespace
}  // namespace meshcheck::server
