#include "server/cluster/rescheduler.h"

#include <gtest/gtest.h>

#include "lib/testing/fake_kube_api.h"
#include "lib/testing/loop.h"

namespace meshcheck::server {
namespace {

const std::string kSets = "/apis/apps/v1/namespaces/net/statefulsets";

class ReschedulerTest : public testing::Test {
 protected:
  ReschedulerTest() {
    api_.page_size = 1;
    for (const std::string name : {"s-a", "s-b", "other"}) {
      const std::string app = name == "other" ? "other" : "smoke-mini";
      api_.put(kSets, R"({"metadata":{"name":")" + name + R"(","labels":{"app":")" + app + "\"}}}");
    }
  }
  // Until it has written, which it is first free to do after a second.
  void run(const std::string& request) {
    kube::Config config = api_.config();
    config.default_namespace = "net";
    Rescheduler rescheduler(
        {loop_, [] { return std::vector<rescheduling::Node>{{.name = "n1", .zone = {}}}; },
         Log({.level = Log::Level::kError})},
        config, {.selector = "app=smoke-mini", .interval = 6, .lease = lease_});
    EXPECT_TRUE(uv::run_until(
        loop_, [&] { return api_.count(request) > 0; }, std::chrono::seconds(20)));
  }

  std::string lease_ = ReschedulingConfig().lease;
  uv::Loop loop_;
  kube::FakeApi api_{loop_};
};

TEST_F(ReschedulerTest, AssignsAnInstanceAndDeletesItsPod) {
  api_.put("/api/v1/namespaces/net/pods", R"({"metadata":{"name":"s-a-0"}})");
  run("DELETE /api/v1/namespaces/net/pods");
  EXPECT_EQ(api_.count("PATCH " + kSets + "/s-a"), 1U);
  EXPECT_EQ(api_.count("PATCH"), 1U) << "one at a time";
  const auto& moved = api_.objects[kSets + "/s-a"];
  EXPECT_EQ(moved["metadata"]["annotations"]["meshcheck.io/node"], "n1");
  EXPECT_EQ(moved["metadata"]["labels"]["app"], "smoke-mini") << "the patch keeps all else";
}

TEST_F(ReschedulerTest, HoldsTheLeaseThatItIsTold) {
  lease_ = "other-rescheduler";
  run("PATCH " + kSets);
  const std::string leases = "/apis/coordination.k8s.io/v1/namespaces/net/leases";
  EXPECT_EQ(api_.objects.count(leases + "/other-rescheduler"), 1U);
  EXPECT_EQ(api_.objects.count(leases + "/meshcheck-rescheduler"), 0U);
}

TEST_F(ReschedulerTest, AsksForBudgetsAsOldClustersHaveThem) {
  api_.fail("GET /apis/policy/v1/", 404);
  run("PATCH");
  EXPECT_EQ(api_.count("GET /apis/policy/v1beta1/namespaces/net/poddisruptionbudgets"), 1U);
}

}  // namespace
}  // namespace meshcheck::server
