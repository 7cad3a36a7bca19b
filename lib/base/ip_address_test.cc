#include "lib/base/ip_address.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace meshcheck {
namespace {

TEST(IpAddressTest, KnowsLoopback) {
  for (const char* const text : {"127.0.0.1", "127.3.2.1", "::1"}) {
    EXPECT_TRUE(IpAddress::parse(text)->is_loopback()) << text;
  }
  for (const char* const text : {"10.0.0.1", "128.0.0.1", "::", "::2", "fd00::1"}) {
    EXPECT_FALSE(IpAddress::parse(text)->is_loopback()) << text;
  }
}

TEST(EndpointTest, IsReadAndWrittenInBothFamilies) {
  for (const char* text : {"0.0.0.0:8081", "[::1]:1", "127.0.0.1:65535", "[fd00::2]:0"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->text(), text);
    sockaddr_storage storage{};
    EXPECT_EQ(Endpoint::from_sockaddr(endpoint->to_sockaddr(storage)), *endpoint);
  }
  EXPECT_EQ(Endpoint::parse(":8081")->text(), "[::]:8081");
}

TEST(EndpointTest, SaysWhatIsWrong) {
  EXPECT_EQ(Endpoint::parse("10.0.0.1").error().message(),
            "'10.0.0.1' has no port; write address:port");
  EXPECT_FALSE(Endpoint::parse("10.0.0.1:"));
  EXPECT_FALSE(Endpoint::parse("10.0.0.1:65536"));
  EXPECT_FALSE(Endpoint::parse("10.0.0.1:80x"));
  EXPECT_FALSE(Endpoint::parse("fd00::1:80"));
  EXPECT_FALSE(Endpoint::parse("server:80"));
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0x", 9)));
}

}  // namespace
}  // namespace meshcheck
