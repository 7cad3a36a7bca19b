#include "smoke-mini/config.h"

#include <gtest/gtest.h>

#include "smoke-mini/task.h"

namespace meshcheck::smoke_mini {
namespace {

Config config_of(const std::vector<std::string>& arguments, const std::string& pod_name = "") {
  auto configured = configure(arguments, {.pod_name = pod_name, .pod_namespace = ""});
  EXPECT_TRUE(std::holds_alternative<Config>(configured)) << std::get<Exit>(configured).text;
  return std::get<Config>(configured);
}

TEST(ConfigTest, LeavesOurselvesOutOfTheNeighbors) {
  const std::vector<std::string> arguments = {"-neighbors", "smoke-mini-a,smoke-mini-b:80"};
  const std::vector<std::string> other = {"http://smoke-mini-b:80/"};
  EXPECT_EQ(config_of(arguments, "smoke-mini-a-0").neighbors, other);
  EXPECT_EQ(config_of(arguments, "smoke-mini-a-0").group_size, 2U);
  EXPECT_EQ(config_of(arguments, "elsewhere").neighbors.size(), 2U);
  EXPECT_EQ(config_of(arguments, "smoke-mini-b-0").neighbors,
            std::vector<std::string>{"http://smoke-mini-a:8080/"});
  EXPECT_EQ(config_of({"-neighbors=a.ns.svc b.ns.svc"}, "b-12").neighbors,
            std::vector<std::string>{"http://a.ns.svc:8080/"});
}

TEST(ConfigTest, TellsItsOwnNameFromLongerOnes) {
  EXPECT_TRUE(is_own("smoke-mini-a", "smoke-mini-a-0"));
  EXPECT_TRUE(is_own("smoke-mini-a.net.svc:8080", "smoke-mini-a-0"));
  EXPECT_TRUE(is_own("127.0.0.1:80", "127.0.0.1"));
  EXPECT_TRUE(is_own("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(is_own("127.0.0.1", "127.0.0.10"));
  EXPECT_FALSE(is_own("smoke-mini", "smoke-mini-a-0"));
  EXPECT_FALSE(is_own("smoke-mini-a", "smoke-mini-ab-0"));
  EXPECT_FALSE(is_own("smoke-mini-a", ""));
}

TEST(ConfigTest, NamesTheFlagThatIsWrong) {
  const auto configured = configure({"-endpoint", "nowhere"}, {});
  ASSERT_TRUE(std::holds_alternative<Exit>(configured));
  EXPECT_EQ(std::get<Exit>(configured).code, 2);
  EXPECT_NE(std::get<Exit>(configured).text.find("-endpoint"), std::string::npos);
}

TEST(NeighborsTest, MayFailTwiceButNotAll) {
  EXPECT_FALSE(too_many_failed(0, 4));
  EXPECT_FALSE(too_many_failed(2, 4));
  EXPECT_TRUE(too_many_failed(3, 4));
  EXPECT_TRUE(too_many_failed(2, 2));
  EXPECT_TRUE(too_many_failed(1, 1));
  EXPECT_FALSE(too_many_failed(1, 2));
}

}  // namespace
}  // namespace meshcheck::smoke_mini
