#include "lib/kube/watch_decoder.h"

#include <gtest/gtest.h>

namespace meshcheck::kube {
namespace {

using Type = WatchEvent::Type;

std::string added(const std::string& name) {
  return R"({"type":"ADDED","object":{"metadata":{"name":")" + name + "\"}}}\n";
}

TEST(WatchDecoderTest, ReadsEventsLineByLine) {
  WatchDecoder decoder;
  decoder.feed(added("a") + "\n" + R"({"type":"DELETED","object":{"x":1}})" + "\r\n");
  auto event = decoder.next();
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->type, Type::kAdded);
  EXPECT_EQ(simdjson::minify((*event)->object), R"({"metadata":{"name":"a"}})");
  event = decoder.next();
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->type, Type::kDeleted);
  EXPECT_FALSE(decoder.next());
}

TEST(WatchDecoderTest, DoesNotCareHowTheBytesWereCut) {
  const std::string stream = added("a") + added("b") + added("c");
  for (std::size_t piece = 1; piece < 20; ++piece) {
    WatchDecoder decoder;
    int events = 0;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      decoder.feed(std::string_view(stream).substr(at, piece));
      while (const auto event = decoder.next()) {
        ASSERT_TRUE(*event);
        ++events;
      }
    }
    EXPECT_EQ(events, 3) << piece;
  }
}

TEST(WatchDecoderTest, TellsWhatAnErrorSays) {
  WatchDecoder decoder;
  const std::string event_json =
      R"({"type":"ERROR","object":{"kind":"Status","status":"Failure","code":410,)"
      R"("message":"too old resource version: 1 - 5","reason":"Expired"}})";
  decoder.feed(event_json + "\n");
  const auto event = decoder.next();
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->type, Type::kError);
  EXPECT_EQ((*event)->code, 410);
  EXPECT_EQ((*event)->message, "too old resource version: 1 - 5");
}

TEST(WatchDecoderTest, RefusesWhatIsNoEvent) {
  for (const auto* line :
       {"garbage", "[]", "{}", "{\"type\":5,\"object\":{}}", "{\"type\":\"ADDED\"}",
        "{\"type\":\"ADDED\",\"object\":[]}", "{\"type\":\"NEWS\",\"object\":{}}",
        "{\"type\":\"ERROR\",\"object\":{\"code\":\"x\"}}", "\xff\xfe"}) {
    WatchDecoder decoder;
    decoder.feed(std::string(line) + "\n" + added("a"));
    const auto event = decoder.next();
    ASSERT_TRUE(event) << line;
    EXPECT_FALSE(*event) << line;
    decoder.feed(added("b"));
    EXPECT_FALSE(decoder.next()) << "nobody knows what follows: " << line;
  }
}

TEST(WatchDecoderTest, BoundsALine) {
  WatchDecoder decoder(100);
  decoder.feed(std::string(100, ' '));
  EXPECT_FALSE(decoder.next());
  decoder.feed(" ");
  const auto event = decoder.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->error().message(), "an event is larger than 100 bytes");
}

TEST(ListPageTest, ReadsAPage) {
  const auto page =
      ListPage::parse(R"({"kind":"PodList","metadata":{"resourceVersion":"17","continue":"abc"},)"
                      R"("items":[{"a":1},{"a":2}]})");
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->resource_version(), "17");
  EXPECT_EQ(page->continue_token(), "abc");
  ASSERT_EQ(page->items().size(), 2U);
  EXPECT_EQ(simdjson::minify(page->items()[1]), R"({"a":2})");
}

TEST(ListPageTest, ReadsAnEmptyListAsNoItems) {
  EXPECT_EQ(ListPage::parse(R"({"metadata":{"resourceVersion":"1"},"items":null})")->items().size(),
            0U);
  EXPECT_EQ(ListPage::parse(R"({"metadata":{"resourceVersion":"1"}})")->items().size(), 0U);
}

TEST(ListPageTest, RefusesWhatIsNoList) {
  for (const auto* body : {"", "x", "[]", "{}", R"({"metadata":{"resourceVersion":5}})",
                           R"({"metadata":{"resourceVersion":"1"},"items":{}})"}) {
    EXPECT_FALSE(ListPage::parse(body)) << body;
  }
}

}  // namespace
}  // namespace meshcheck::kube
