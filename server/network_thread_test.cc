#include "server/network_thread.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

TEST(NetworkThreadTest, SharesItsEndpointWithItsSiblingsAndNoOtherServer) {
  Parts parts({.threads = 2});
  metrics::Registry registry;
  NetworkThread::Options options{.endpoint = *Endpoint::parse("127.0.0.1:0")};
  options.http.reuse_port = true;
  const auto first = NetworkThread::listen(parts, registry, options, Log());
  ASSERT_TRUE(first) << first.error().message();
  options.endpoint = (*first)->local();
  const auto other = NetworkThread::listen(parts, registry, options, Log());
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message().find("ddress already in use"), std::string::npos)
      << other.error().message();
  options.index = 1;
  const auto sibling = NetworkThread::listen(parts, registry, options, Log());
  EXPECT_TRUE(sibling) << sibling.error().message();
}

}  // namespace
}  // namespace meshcheck::server
