#include "meshctl/event_parser.h"

#include <gtest/gtest.h>

#include <clocale>
#include <cstdlib>

#include "meshctl/event_lines.h"

namespace meshcheck::meshctl {
namespace {

constexpr std::string_view kStream =
    ": hello\n\nevent: a\nid: 1-1\ndata: {}\n\nevent:b\r\ndata: x\r\ndata:y\r\nretry: 5\r\n\r\nid: "
    "7\n\n"
    "event: cut\ndata: 1\n";

std::string read(EventParser& parser) {
  std::string out;
  while (const auto event = parser.next()) {
    out += '[' + event->type + '|' + event->id + '|' + event->data + ']';
  }
  return out;
}

TEST(EventParserTest, ReadsEventsHoweverTheBytesAreCut) {
  for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
    EventParser parser;
    EXPECT_TRUE(parser.feed(kStream.substr(0, cut)));
    std::string out = read(parser);
    EXPECT_TRUE(parser.feed(kStream.substr(cut)));
    out += read(parser);
    EXPECT_EQ(out, "[a|1-1|{}][b||x\ny]") << cut;
  }
}

TEST(EventParserTest, RefusesAnEventThatIsTooLarge) {
  EventParser parser(8);
  EXPECT_TRUE(parser.feed("data: 12\n\n"));
  EXPECT_FALSE(parser.feed("data: 123456789"));
  EventParser many(8);
  EXPECT_FALSE(many.feed("data: 1234\ndata: 5678\n"));
}

class EventLinesTest : public testing::Test {
 protected:
  EventLinesTest() {
    setenv("TZ", "UTC", 1);
    std::setlocale(LC_CTYPE, "C.UTF-8");
  }
  static std::string lines(const StreamEvent& event, Format format = Format::kTable,
                           bool verdicts_only = false) {
    return *event_lines(event, {.format = format,
                                .verdicts_only = verdicts_only,
                                .style = {},
                                .now = *parse_wall_time("2026-11-30T02:00:00Z")});
  }

  const StreamEvent opened_{
      .type = "verdict_opened",
      .id = "1-2",
      .data =
          R"({"id":3,"severity":"critical","sentence":"node x is down","next_command":"ping x","last_seen":"2026-11-30T01:00:00Z"})"};
  const StreamEvent absent_{.type = "agent_absent",
                            .id = "1-3",
                            .data = R"({"time":"2026-11-30T01:00:01Z","agent":"a\n1"})"};
};

TEST_F(EventLinesTest, AreOneForEachThing) {
  EXPECT_EQ(lines(opened_), "2026-11-30 01:00:00  opened  critical  node x is down\n");
  EXPECT_EQ(lines(opened_, Format::kWide),
            "2026-11-30 01:00:00  opened  critical  node x is down\n  run: ping x\n");
  EXPECT_EQ(lines(absent_), "2026-11-30 01:00:01  agent absent  a?1\n");
  EXPECT_EQ(lines({.type = "verdicts", .data = "[" + opened_.data + "," + opened_.data + "]"}),
            "2026-11-30 01:00:00  open  critical  node x is down\n"
            "2026-11-30 01:00:00  open  critical  node x is down\n");
}

TEST_F(EventLinesTest, AreJsonLinesAndNames) {
  EXPECT_EQ(lines(absent_, Format::kJson),
            "{\"event\":\"agent_absent\",\"data\":{\"time\":\"2026-11-30T01:00:01Z\",\"agent\":"
            "\"a\\n1\"}}\n");
  EXPECT_EQ(lines(opened_, Format::kName), "verdict/3\n");
}

TEST_F(EventLinesTest, LeaveAgentsOutWhereOnlyVerdictsAreWanted) {
  EXPECT_EQ(lines(absent_, Format::kTable, true), "");
  EXPECT_NE(lines(opened_, Format::kTable, true), "");
  EXPECT_FALSE(event_lines({.type = "verdict_opened", .data = "{"}, {}));
}

}  // namespace
}  // namespace meshcheck::meshctl
