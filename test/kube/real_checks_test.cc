// The checks of Kubernetes against a real API server, controller manager and scheduler.
#include <map>
#include <memory>
#include <set>

#include "checks/kube/checks.h"
#include "checks/kube/garbage.h"
#include "test/kube/real_api.h"

namespace meshcheck::checks {
namespace {

using kube::RealApi;
using std::chrono::seconds;

const std::string kConfigMap = "ConfigMap";
const std::string kNamespace = "Namespace";
const std::string kControllers = "kube-controller-manager";
const std::string kScheduler = "kube-scheduler";

std::optional<std::string> missing() {
  if (const auto reason = RealApi::missing()) return reason;
  for (const std::string& part : {kControllers, kScheduler}) {
    const std::string path = std::getenv("MESHCHECK_KUBE_ASSETS") + ("/" + part);
    if (!std::filesystem::exists(path)) return "there is no " + path;
  }
  return std::nullopt;
}

// One control plane for all tests, since it takes seconds to start. Its only node is an object.
class RealChecksTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (missing()) return;
    api_ = std::make_unique<RealApi>();
    api_->start_part("controllers");
    api_->start_part("scheduler");
    api_->ask("POST", "/api/v1/nodes",
              R"({"metadata": {"name": "master-0"}, "status": {
                "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                "capacity": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                "conditions": [{"type": "Ready", "status": "True",
                                "lastTransitionTime": "2026-01-01T00:00:00Z"}]}})");
  }
  static void TearDownTestSuite() { api_.reset(); }
  void SetUp() override {
    if (const auto reason = missing()) GTEST_SKIP() << *reason;
    client_.emplace(loop_, http_, api_->admin());
    context_.emplace(
        *client_, http_,
        KubeContext::Identity{.agent_id = "7d2d90cf", .name_space = "default", .node = "master-0"},
        KubePreflight::Options{.interval = std::chrono::milliseconds(0)});
    RealApi::catch_up(loop_);
  }

  std::unique_ptr<Check> make(const std::string& what) {
    sla::CheckSpec spec;
    spec.ref = {"control-plane", what};
    spec.checker = what == kConfigMap || what == kNamespace ? "kube-lifecycle" : what;
    if (spec.checker != what) spec.with["kind"] = what;
    spec.timeout = seconds(12);
    auto check = make_kube_check(*context_, spec);
    EXPECT_TRUE(check) << check.error().message();
    return *std::move(check);
  }
  CheckResult run(const std::string& what) {
    const auto check = make(what);
    std::optional<CheckResult> found;
    check->start([&](CheckResult result) { found = std::move(result); });
    EXPECT_TRUE(uv::run_until(
        loop_, [&] { return found.has_value(); }, seconds(20)));
    return found.value_or(CheckResult{sla::Status::kNoData, "it never ended"});
  }
  // What has started or was left needs a moment: at most six runs.
  CheckResult run_until_up(const std::string& what) {
    CheckResult result = run(what);
    for (int tries = 0; tries < 5 && result.status != sla::Status::kUp; ++tries) {
      uv::run_until(
          loop_, [] { return false; }, seconds(1));
      result = run(what);
    }
    return result;
  }
  std::size_t ours(const std::string& collection) {
    const auto list = nlohmann::json::parse(
        api_->ask("GET", collection + "?labelSelector=heritage%3Dmeshcheck"), nullptr, false);
    RealApi::catch_up(loop_);
    return list["items"].size();
  }

  inline static std::unique_ptr<RealApi> api_;
  uv::Loop loop_;
  http::Client http_{loop_, {.connections_max = 8}};
  std::optional<kube::Client> client_;
  std::optional<KubeContext> context_;
};

TEST_F(RealChecksTest, AreAllUpWhileAllRuns) {
  for (const std::string& what : {std::string("kube-apiserver"), kConfigMap, kNamespace,
                                  kControllers, kScheduler, std::string("kube-nodes-ready")}) {
    const CheckResult result = run_until_up(what);
    EXPECT_EQ(result.status, sla::Status::kUp) << what << ": " << result.reason;
  }
  for (const char* const collection :
       {"/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/configmaps",
        "/apis/apps/v1/namespaces/default/statefulsets"}) {
    EXPECT_EQ(ours(collection), 0U) << collection;
  }
}

TEST_F(RealChecksTest, TellWhoHasStopped) {
  const std::map<std::string, std::string> parts = {{kControllers, "controllers"},
                                                    {kScheduler, "scheduler"}};
  for (const auto& [culprit, part] : parts) {
    api_->stop_part(part);
    RealApi::catch_up(loop_);
    for (const std::string& what : {kConfigMap, kControllers, kScheduler}) {
      const CheckResult result = run(what);
      EXPECT_EQ(result.status, what == culprit ? sla::Status::kDown : sla::Status::kUp)
          << what << " without " << part << ": " << result.reason;
    }
    EXPECT_NE(run(kNamespace).status, sla::Status::kDown);
    api_->start_part(part);
    RealApi::catch_up(loop_);
    const CheckResult result = run_until_up(culprit);
    EXPECT_EQ(result.status, sla::Status::kUp) << result.reason;
  }
}

TEST_F(RealChecksTest, AccuseOnlyTheApiWhileItIsStopped) {
  api_->stop_api();
  RealApi::catch_up(loop_);
  EXPECT_EQ(run("kube-apiserver").status, sla::Status::kDown);
  for (const std::string& what : {kConfigMap, kNamespace, kControllers, kScheduler}) {
    EXPECT_EQ(run(what).status, sla::Status::kUnknown) << what;
  }
  api_->start_api();
  RealApi::catch_up(loop_);
  EXPECT_EQ(run_until_up("kube-apiserver").status, sla::Status::kUp);
}

TEST_F(RealChecksTest, CleanUpAfterARunThatWasCutOff) {
  const auto check = make(kConfigMap);
  check->start([](const CheckResult&) {});
  uv::run_until(
      loop_, [&] { return ours("/api/v1/namespaces/default/configmaps") == 1; }, seconds(5));
  check->cancel();
  KubeGarbage garbage(
      *context_, {.resources = garbage_resources("default"), .age_min = std::chrono::minutes(0)});
  garbage.sweep();
  EXPECT_TRUE(uv::run_until(
      loop_, [&] { return !garbage.sweeping(); }, seconds(10)));
  EXPECT_EQ(garbage.counters().failures, 0U);
  EXPECT_EQ(ours("/api/v1/namespaces/default/configmaps"), 0U);
  EXPECT_EQ(run(kConfigMap).status, sla::Status::kUp);
}

}  // namespace
}  // namespace meshcheck::checks
