#include "lib/http/query.h"

#include <gtest/gtest.h>

namespace meshcheck::http {
namespace {

enum class Colour { kRed, kBlue };
std::string_view text(Colour colour) {
  return colour == Colour::kRed ? "red" : "blue";
}

Request request(const std::string& query) {
  Request made;
  made.query = query;
  return made;
}

std::string keys_error(const std::string& query) {
  constexpr std::array<std::string_view, 2> kKnown = {"since", "size"};
  const auto checked = check_query_keys(request(query), kKnown);
  return checked ? "" : checked.error().message();
}

TEST(QueryTest, HasNoKeysButThoseThatAreKnown) {
  for (const char* query : {"", "since=1h", "size=1&since=", "since&size", "since=1&since=2&"}) {
    EXPECT_EQ(keys_error(query), "") << query;
  }
  for (const char* query : {"sincee=1h", "sinc=1h", "since=1h&x", "Since=1", "=1", "a&&since=1"}) {
    EXPECT_EQ(keys_error(query), "unknown key in the query; allowed are since, size") << query;
  }
  EXPECT_TRUE(check_query_keys(request(""), {}));
  EXPECT_EQ(check_query_keys(request("x=1"), {}).error().message(),
            "unknown key in the query; none is allowed");
}

TEST(QueryTest, ChoosesAmongNames) {
  constexpr std::array kColours = {Colour::kRed, Colour::kBlue};
  const auto choose = [&](const std::string& query) {
    return query_choice(request(query), "c", kColours);
  };
  EXPECT_EQ(*choose("c=blue"), Colour::kBlue);
  EXPECT_EQ(*choose("c=r%65d&c=blue"), Colour::kRed) << "the first counts";
  EXPECT_EQ(*choose("c="), std::nullopt);
  EXPECT_EQ(*choose("d=blue"), std::nullopt);
  EXPECT_EQ(choose("c=green").error().message(), "c: unknown value; allowed are red, blue");
  constexpr std::array<std::string_view, 2> kWords = {"json", "csv"};
  EXPECT_EQ(*query_choice(request("f=csv"), "f", std::span(kWords)), 1U);
}

TEST(QueryTest, KeepsNumbersWithinTheirRange) {
  const auto size = [](const std::string& query) {
    return query_number<std::size_t>(request(query), "n", 1, 1'000'000);
  };
  EXPECT_EQ(*size("n=1"), 1U);
  EXPECT_EQ(*size("n=1000000"), 1'000'000U);
  EXPECT_EQ(*size("m=7"), std::nullopt);
  for (const char* bad : {"0", "1000001", "-1", "1e3", "1.5", "x", "%20", "18446744073709551617"}) {
    const auto refused = size(std::string("n=") + bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().message(), "n: a number from 1 to 1000000 is expected");
  }
  EXPECT_EQ(*query_number(request("t=0.999"), "t", 0.0, 1.0), 0.999);
  for (const char* bad : {"1.1", "nan", "-0.1", "0.9x"}) {
    EXPECT_FALSE(query_number(request(std::string("t=") + bad), "t", 0.0, 1.0)) << bad;
  }
}

TEST(QueryTest, ReadsATimeOrAnAge) {
  const WallTime now = *parse_wall_time("2026-11-21T12:00:00Z");
  const auto read = [&](const std::string& value) {
    return query_time(request("since=" + value), "since", now);
  };
  EXPECT_EQ(*read("90s"), now - std::chrono::seconds(90));
  EXPECT_EQ(*read("2026-11-21T11:00:00Z"), now - std::chrono::hours(1));
  EXPECT_EQ(*read(""), std::nullopt);
  for (const char* wrong : {"x", "-1s", "400d", "12:00"}) {
    ASSERT_FALSE(read(wrong)) << wrong;
    EXPECT_EQ(read(wrong).error().message().rfind("since: a time as ", 0), 0U);
  }
}

}  // namespace
}  // namespace meshcheck::http
