#include "agent/server_address.h"

#include <gtest/gtest.h>

namespace meshcheck::agent {
namespace {

const IpAddress kService = *IpAddress::parse("10.96.0.17");
const IpAddress kPod = *IpAddress::parse("10.0.0.5");

TEST(ServiceVariableTest, IsOfTheClustersNamesOnly) {
  EXPECT_EQ(service_variable("meshcheck-server"), "MESHCHECK_SERVER_SERVICE_HOST");
  EXPECT_EQ(service_variable("netchecker-service.kube-system.svc.cluster.local"),
            "NETCHECKER_SERVICE_SERVICE_HOST");
  EXPECT_EQ(service_variable("a.b.svc"), "A_SERVICE_HOST");
  for (const char* host : {"", "10.0.0.1", "fd00::1", "meshcheck.example.com", ".svc"}) {
    EXPECT_EQ(service_variable(host), "") << host;
  }
}

class ServerAddressTest : public testing::Test {
 protected:
  Log quiet_{{.level = Log::Level::kError}};
};

TEST_F(ServerAddressTest, IsAskedOfTheNameWhileItResolves) {
  ServerAddress address("server", kService, quiet_);
  EXPECT_FALSE(address.instead_of_name());
  address.looked_up(true);
  address.answered(kPod);
  EXPECT_FALSE(address.instead_of_name());
}

TEST_F(ServerAddressTest, IsTheOneThatAnsweredLastWhileTheNameDoesNotResolve) {
  ServerAddress address("server", kService, quiet_);
  address.looked_up(false);
  EXPECT_EQ(address.instead_of_name(), kService) << "before any answer, what Kubernetes told";
  address.answered(kPod);
  EXPECT_EQ(address.instead_of_name(), kPod);
  address.looked_up(true);
  EXPECT_FALSE(address.instead_of_name());
}

TEST_F(ServerAddressTest, IsNotKnownBeforeAnAnswerOutsideKubernetes) {
  ServerAddress address("server", std::nullopt, quiet_);
  address.looked_up(false);
  EXPECT_FALSE(address.instead_of_name());
}

}  // namespace
}  // namespace meshcheck::agent
