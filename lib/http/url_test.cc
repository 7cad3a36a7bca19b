#include "lib/http/url.h"

#include <gtest/gtest.h>

namespace meshcheck::http {
namespace {

TEST(UrlTest, EscapesAllThatAPathSegmentMustNotHold) {
  EXPECT_EQ(escape_path_segment("agent-1.b_c~"), "agent-1.b_c~");
  EXPECT_EQ(escape_path_segment("a b/?#%\xFF"), "a%20b%2F%3F%23%25%FF");
}

TEST(UrlTest, PrependsAMissingSchemeOnly) {
  EXPECT_EQ(with_scheme("host:80/x"), "http://host:80/x");
  EXPECT_EQ(with_scheme("https://host"), "https://host");
  EXPECT_EQ(with_scheme("host/redirect?to=http://other"), "http://host/redirect?to=http://other");
}

TEST(UrlTest, FindsTheHostOfAnEndpoint) {
  EXPECT_EQ(host_of_endpoint("netchecker-service:8081"), "netchecker-service");
  EXPECT_EQ(host_of_endpoint("[fd00::1]:8081"), "fd00::1");
  EXPECT_EQ(host_of_endpoint("netchecker-service"), "");
  EXPECT_EQ(host_of_endpoint("fd00::1"), "");
  EXPECT_EQ(host_of_endpoint(":8081"), "");
}

TEST(UrlTest, SplitsAListAndDropsEmptyParts) {
  EXPECT_EQ(split_url_list("a, b;;c,", 64), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(split_url_list("a,b,c", 2), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(split_url_list(" ; ,", 64).empty());
}

}  // namespace
}  // namespace meshcheck::http
