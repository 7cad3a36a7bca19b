#include "mesh/sla/episode_message.h"

#include <gtest/gtest.h>

#include <string>

namespace meshcheck::sla {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(EpisodeMessageTest, ReadsWhatUpmetersAgentsSend) {
  const auto message = parse_episode_message(R"({"origin":"7d2d90cf","episodes":[
      {"probeRef":{"group":"control-plane","probe":"apiserver"},"ts":"2026-11-21T10:00:30Z",
       "fail":1200000000,"success":28000000000,"unknown":600000000,"nodata":200000000}]})");
  ASSERT_TRUE(message) << message.error().message();
  EXPECT_EQ(message->origin, "7d2d90cf");
  ASSERT_EQ(message->episodes.size(), 1U);
  const Episode& episode = message->episodes[0];
  EXPECT_EQ(episode.ref.text(), "control-plane/apiserver");
  EXPECT_EQ(episode.start, Seconds(seconds(1'795'255'230)));
  EXPECT_EQ(episode.timers, (Timers{milliseconds(28'000), milliseconds(1200), milliseconds(600)}));
  EXPECT_EQ(episode.checks, 0U);
}

TEST(EpisodeMessageTest, ReadsWhatItWrites) {
  const Episode probe{.ref = {"nginx", "main"},
                      .start = Seconds(seconds(1'795'255'230)),
                      .timers = {milliseconds(20'000), milliseconds(200), milliseconds(0)},
                      .checks = 60,
                      .successes = 59};
  const Episode total{.ref = {"nginx", "__total__"}, .start = probe.start, .timers = probe.timers};
  const auto message = parse_episode_message(encode({.origin = "n1", .episodes = {probe, total}}));
  ASSERT_TRUE(message) << message.error().message();
  EXPECT_EQ(message->episodes, (std::vector<Episode>{probe, total}));
}

std::string error_of(const std::string& body) {
  const auto message = parse_episode_message(body);
  return message ? "" : message.error().message();
}

TEST(EpisodeMessageTest, NamesWhatIsWrong) {
  EXPECT_EQ(error_of("{"), "no JSON object");
  EXPECT_EQ(error_of("[]"), "no JSON object");
  EXPECT_EQ(error_of(R"({"episodes":[]})"), "origin: a text is missing");
  EXPECT_EQ(error_of(R"({"origin":"a b","episodes":[]})"),
            "origin: 1 to 128 of letters, digits, '-', '_' and '.'");
  EXPECT_EQ(error_of(R"({"origin":"a"})"), "episodes: a list is missing");
  EXPECT_EQ(error_of(R"({"origin":"a","episodes":[7]})"), "episodes[0]: an object is wanted");
  const std::string head = R"({"origin":"a","episodes":[{"probeRef":{"group":"g","probe":"p"})";
  EXPECT_EQ(error_of(head + "}]}"), "episodes[0]: ts: a text is missing");
  EXPECT_NE(error_of(head + R"(,"ts":"yesterday"}]})").find("episodes[0]: ts"), std::string::npos);
  for (const std::string bad : {"-1", "1.5", "\"1\"", "9223372036854775808", "null"}) {
    EXPECT_EQ(error_of(head + R"(,"ts":"2026-11-21T10:00:30Z","fail":)" + bad + "}]}"),
              "episodes[0]: fail: a whole number from 0 on is wanted")
        << bad;
  }
}

TEST(EpisodeMessageTest, TakesNoMoreThanItsBound) {
  std::string body = R"({"origin":"a","episodes":[0)";
  for (std::size_t count = 0; count < kEpisodesMax; ++count) body += ",0";
  EXPECT_EQ(error_of(body + "]}"), "episodes: more than 5000");
  EXPECT_EQ(error_of(std::string(kEpisodeMessageSizeMax + 1, ' ')), "larger than 2 MiB");
  // Deep nesting costs no stack.
  EXPECT_EQ(error_of(std::string(1'000'000, '[')), "no JSON object");
}

TEST(EpisodeMessageTest, TellsWhyNothingOfItWasTaken) {
  EXPECT_EQ(encode_refusals({3, 30, 0, 0, 0}), R"({"refused":{"too_old":3,"in_future":30}})");
  EXPECT_EQ(refusals_in(encode_refusals({3, 30, 0, 0, 0})), "too_old, in_future");
  EXPECT_EQ(refusals_in("{}"), "");
  EXPECT_EQ(refusals_in(""), "");
  EXPECT_EQ(refusals_in(R"(a page with "too_old": in it)"), "");
}

}  // namespace
}  // namespace meshcheck::sla
