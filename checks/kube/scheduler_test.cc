#include "checks/kube/scheduler.h"

#include "checks/kube/kube_testing.h"

namespace meshcheck::checks {
namespace {

class KubeSchedulerTest : public KubeChecksFixture {
 protected:
  KubeSchedulerTest() {
    api_.on_create = [this](const std::string& path, json& pod) {
      if (path != pod_) return;
      made_ = pod;
      if (!node_.empty()) pod["spec"]["nodeName"] = node_;
      if (!excuse_.empty()) {
        pod["status"]["conditions"][0] = {
            {"type", "PodScheduled"}, {"status", "False"}, {"message", excuse_}};
      }
    };
  }

  std::string node_ = "master-0";
  std::string excuse_;
  json made_;
};

TEST_F(KubeSchedulerTest, IsUpIfThePodGetsOurNode) {
  const CheckResult result = run("kube-scheduler");
  EXPECT_EQ(result.status, kUp) << result.reason;
  EXPECT_TRUE(api_.objects.empty());
  EXPECT_EQ(made_["spec"]["restartPolicy"], "Never");
  EXPECT_EQ(made_["spec"]["affinity"]["nodeAffinity"]
                 ["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"],
            json::parse(R"([{"matchFields": [{"key": "metadata.name", "operator": "In",
                                              "values": ["master-0"]}]}])"));
}

TEST_F(KubeSchedulerTest, IsDownIfThePodGetsAnotherNode) {
  node_ = "worker-1";
  const CheckResult result = run("kube-scheduler");
  EXPECT_EQ(result.status, kDown);
  EXPECT_EQ(result.reason, "the scheduler bound the pod to worker-1 and not to master-0");
  EXPECT_TRUE(api_.objects.empty());
}

TEST_F(KubeSchedulerTest, IsDownIfNobodyBindsThePod) {
  node_.clear();
  const CheckResult result = run("kube-scheduler");
  EXPECT_EQ(result.status, kDown);
  EXPECT_EQ(result.reason, "the scheduler did not bind the pod within 40 ms");
  EXPECT_TRUE(api_.objects.empty());
}

TEST_F(KubeSchedulerTest, IsNotDownIfItSaysThatTheNodeIsFull) {
  node_.clear();
  excuse_ = "0/1 nodes are available: 1 Too many pods.";
  const CheckResult result = run("kube-scheduler");
  EXPECT_EQ(result.status, kUnknown);
  EXPECT_EQ(result.reason, "the scheduler says: " + excuse_);
}

TEST_F(KubeSchedulerTest, WaitsForItsTurn) {
  node_.clear();
  auto check = make("kube-scheduler", "{}", std::chrono::seconds(10));
  std::optional<CheckResult> found;
  check->start([&](CheckResult result) { found = std::move(result); });
  ASSERT_TRUE(uv::run_until(loop_, [&] { return api_.count("GET " + pod_) == 3; }));
  api_.objects[pod_]["spec"]["nodeName"] = "master-0";
  ASSERT_TRUE(uv::run_until(loop_, [&] { return found.has_value(); }));
  EXPECT_EQ(found->status, kUp);
}

TEST_F(KubeSchedulerTest, DoesNotAccuseWhileTheApiFails) {
  for (const std::string& fault : {std::string("GET /version"), "GET " + pod_, "POST " + net_}) {
    api_.failures.clear();
    api_.fail(fault, 500);
    EXPECT_EQ(run("kube-scheduler").status, kUnknown) << fault;
  }
  api_.failures.clear();
  api_.on_create = [this](const std::string&, const json&) { api_.fail("GET " + pod_, 500); };
  EXPECT_EQ(run("kube-scheduler").status, kUnknown);
  EXPECT_TRUE(api_.objects.empty()) << "the pod is deleted all the same";
}

TEST_F(KubeSchedulerTest, DeletesWhatARunHasLeft) {
  auto check = make("kube-scheduler");
  EXPECT_EQ(time_out(*check, [&] { return api_.objects.contains(pod_); }).status, kUnknown);
  EXPECT_EQ(run(*check).status, kUnknown);
  EXPECT_EQ(run(*check).status, kUp);
}

TEST_F(KubeSchedulerTest, KnowsWhatItHasFoundWhenOnlyTheEndTakesTooLong) {
  auto check = make("kube-scheduler", "{}", std::chrono::seconds(10));
  const auto asked = [&] {
    api_.silent = api_.count("GET " + pod_) == 2;
    return api_.silent;
  };
  check->start([](const CheckResult&) { ADD_FAILURE() << "it was to be silent"; });
  ASSERT_TRUE(uv::run_until(loop_, asked));
  ASSERT_TRUE(uv::run_until(loop_, [&] { return check->timed_out().status == kUp; }));
  check->cancel();
}

}  // namespace
}  // namespace meshcheck::checks
