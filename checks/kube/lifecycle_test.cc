// Whether objects come and go: the API server itself, and what controllers make.
#include "checks/kube/kube_testing.h"
#include "checks/kube/made_object.h"
#include "lib/testing/no_descriptors.h"

namespace meshcheck::checks {
namespace {

using KubeApiServerTest = KubeChecksFixture;

TEST_F(KubeApiServerTest, IsUpIfItTellsItsVersion) {
  EXPECT_EQ(run("kube-apiserver").status, kUp);
  EXPECT_EQ(api_.requests, std::vector<std::string>{"GET /version"});
}

TEST_F(KubeApiServerTest, IsDownIfItFailsOrIsSomethingElse) {
  api_.fail("GET /version", 500);
  const CheckResult result = run("kube-apiserver");
  EXPECT_EQ(result.status, kDown);
  EXPECT_EQ(result.reason, "the Kubernetes API failed (500) to get the version: as the test wants");
  api_.failures.clear();
  auto check = make("kube-apiserver");
  api_.silent = true;
  EXPECT_EQ(time_out(*check, [] { return true; }).status, kDown);
}

TEST_F(KubeApiServerTest, IsUnknownToWhoMayOrCanNotAsk) {
  api_.fail("GET /version", 401);
  EXPECT_EQ(run("kube-apiserver").status, kUnknown);
  api_.failures.clear();
  http::Client fresh(loop_, {});
  kube::Client client(loop_, fresh, api_.config());
  KubeContext context(client, fresh, context_.identity);
  sla::CheckSpec spec;
  spec.checker = "kube-apiserver";
  const auto check = *make_kube_check(context, spec);
  const NoDescriptors none;
  const CheckResult result = run(*check);
  EXPECT_EQ(result.status, kUnknown);
  EXPECT_EQ(result.reason,
            "this program could not ask the Kubernetes API to get the version: open a socket: Too "
            "many open files");
}

TEST_F(KubeApiServerTest, IsAskedOnceForAllChecks) {
  KubeContext patient(client_, http_, context_.identity, {.interval = std::chrono::minutes(1)});
  sla::CheckSpec spec;
  spec.checker = "kube-apiserver";
  std::vector<std::unique_ptr<Check>> checks;
  checks.reserve(3);
  for (int i = 0; i < 3; ++i) checks.push_back(*make_kube_check(patient, spec));
  std::size_t told = 0;
  for (const auto& check : checks) check->start([&](const CheckResult&) { ++told; });
  checks[1]->cancel();
  EXPECT_TRUE(uv::run_until(loop_, [&] { return told == 2; }));
  EXPECT_EQ(run(*checks[1]).status, kUp);
  EXPECT_EQ(api_.requests.size(), 1U);
  // Whoever is told may end all of them.
  checks[0]->start([&](const CheckResult&) { checks.clear(); });
  checks[2]->start([&](const CheckResult&) { checks.clear(); });
  EXPECT_TRUE(uv::run_until(loop_, [&] { return checks.empty(); }));
}

using KubeLifecycleTest = KubeChecksFixture;

TEST_F(KubeLifecycleTest, MakesAnObjectReadsItAndDeletesIt) {
  json made;
  api_.on_create = [&](const std::string&, const json& object) { made = object; };
  EXPECT_EQ(run("kube-lifecycle").status, kUp);
  EXPECT_EQ(api_.requests, (std::vector<std::string>{
                               "GET /version", "GET " + config_map_, "POST " + net_ + "configmaps",
                               "GET " + config_map_, "DELETE " + config_map_}));
  EXPECT_EQ(made["metadata"]["labels"], json::parse(R"({
    "app.kubernetes.io/managed-by": "meshcheck", "heritage": "meshcheck",
    "meshcheck.io/agent": "7d2d90cf", "meshcheck.io/group": "control-plane",
    "meshcheck.io/probe": "probe"})"));
  EXPECT_TRUE(api_.objects.empty());
  EXPECT_EQ(run("kube-lifecycle", R"({"kind": "Namespace"})").status, kUp);
  EXPECT_EQ(api_.requests.back(), "DELETE " + namespace_);
}

TEST_F(KubeLifecycleTest, KnowsNothingWhileTheApiIsAway) {
  api_.fail("GET /version", 503);
  const CheckResult result = run("kube-lifecycle");
  EXPECT_EQ(result.status, kUnknown);
  EXPECT_EQ(api_.requests.size(), 1U) << "nothing else is asked";
}

TEST_F(KubeLifecycleTest, DeletesWhatARunHasLeftAndKnowsNothingThen) {
  auto check = make("kube-lifecycle");
  const CheckResult result = time_out(*check, [&] { return api_.objects.contains(config_map_); });
  EXPECT_EQ(result.status, kDown);
  EXPECT_EQ(result.reason,
            "the Kubernetes API took too long to create meshcheck-configmap-7d2d90cf");
  EXPECT_EQ(run(*check).status, kUnknown);
  EXPECT_TRUE(api_.objects.empty());
  EXPECT_EQ(run(*check).status, kUp);
}

TEST_F(KubeLifecycleTest, WaitsForANamespaceThatIsOnItsWayOut) {
  api_.lingering.insert(namespace_);
  const std::string with = R"({"kind": "Namespace"})";
  EXPECT_EQ(run("kube-lifecycle", with).status, kUp) << "that it is asked to go is enough";
  EXPECT_EQ(run("kube-lifecycle", with).status, kUnknown);
  EXPECT_EQ(api_.count("DELETE"), 1U);
}

TEST_F(KubeLifecycleTest, IsDownIfAnyStepFails) {
  for (const std::string& request : {"GET " + net_, "POST " + net_, "DELETE " + net_}) {
    api_.failures.clear();
    api_.fail(request, 500);
    EXPECT_EQ(run("kube-lifecycle").status, kDown) << request;
  }
  EXPECT_EQ(run("kube-lifecycle").status, kDown) << "and if the garbage cannot be deleted";
}

TEST_F(KubeLifecycleTest, DoesNotAccuseAnApiThatOnlyForbids) {
  api_.fail("POST " + net_, 403);
  const CheckResult result = run("kube-lifecycle");
  EXPECT_EQ(result.status, kUnknown);
  EXPECT_NE(result.reason.find("missing is a Role in namespace net"), std::string::npos);
}

TEST_F(KubeLifecycleTest, KnowsNothingIfItsTimeEndsBeforeItsFirstStep) {
  api_.silent = true;
  EXPECT_EQ(time_out(*make("kube-lifecycle"), [] { return true; }).status, kUnknown);
}

// With a controller that makes the StatefulSet's pod, and deletes it with its parent.
class KubeControllerManagerTest : public KubeChecksFixture {
 protected:
  KubeControllerManagerTest() {
    api_.on_create = [this](const std::string& path, const json& object) {
      if (path != stateful_set_ || !makes_) return;
      made_ = object;
      api_.objects[child_] = {{"metadata", {{"name", "x-0"}}}};
    };
    api_.on_remove = [this](const std::string& path) {
      if (path == stateful_set_ && removes_) api_.objects.erase(child_);
    };
  }

  json made_;
  bool makes_ = true;
  bool removes_ = true;
};

TEST_F(KubeControllerManagerTest, IsUpIfThePodComesAndGoes) {
  const CheckResult result = run("kube-controller-manager");
  EXPECT_EQ(result.status, kUp) << result.reason;
  EXPECT_TRUE(api_.objects.empty());
  EXPECT_EQ(made_["spec"]["replicas"], 1);
  EXPECT_EQ(made_["spec"]["selector"]["matchLabels"], made_["metadata"]["labels"]);
  EXPECT_EQ(made_["spec"]["template"]["metadata"]["labels"], made_["metadata"]["labels"]);
}

TEST_F(KubeControllerManagerTest, IsDownIfNoPodComes) {
  makes_ = false;
  const CheckResult result = run("kube-controller-manager");
  EXPECT_EQ(result.status, kDown);
  EXPECT_EQ(result.reason,
            "no controller made the pod meshcheck-statefulset-7d2d90cf-0 of the StatefulSet");
  EXPECT_TRUE(api_.objects.empty()) << "the StatefulSet is deleted";
}

TEST_F(KubeControllerManagerTest, IsDownIfThePodStays) {
  removes_ = false;
  const CheckResult result = run("kube-controller-manager");
  EXPECT_EQ(result.status, kDown);
  EXPECT_EQ(result.reason,
            "no controller removed the pod meshcheck-statefulset-7d2d90cf-0 of the StatefulSet");
  EXPECT_TRUE(api_.objects.empty()) << "the pod is deleted";
}

TEST_F(KubeControllerManagerTest, DoesNotAccuseWhileTheApiFails) {
  const std::vector<std::string> faults = {
      "GET /version", "GET /apis/apps", "POST /apis/apps", "GET " + child_, "DELETE /apis/apps",
  };
  for (const std::string& fault : faults) {
    api_.failures.clear();
    api_.objects.clear();
    api_.fail(fault, 500);
    EXPECT_EQ(run("kube-controller-manager").status, kUnknown) << fault;
  }
}

TEST_F(KubeControllerManagerTest, RemovesTheParentIfThePodCannotBeAskedFor) {
  api_.on_create = [this](const std::string& path, const json&) {
    if (path == stateful_set_) api_.fail("GET " + child_, 500);
  };
  EXPECT_EQ(run("kube-controller-manager").status, kUnknown);
  EXPECT_TRUE(api_.objects.empty());
}

TEST_F(KubeControllerManagerTest, DeletesWhatRunsHaveLeftParentFirst) {
  api_.objects[child_] = json::object();
  api_.objects[stateful_set_] = json::object();
  removes_ = false;
  EXPECT_EQ(run("kube-controller-manager").status, kUnknown);
  EXPECT_TRUE(api_.objects.contains(child_));
  EXPECT_EQ(run("kube-controller-manager").status, kUnknown);
  EXPECT_TRUE(api_.objects.empty());
  removes_ = true;
  EXPECT_EQ(run("kube-controller-manager").status, kUp);
}

TEST_F(KubeControllerManagerTest, LeavesItselfSomethingToCleanUpWhenItIsCutOff) {
  auto check = make("kube-controller-manager");
  const CheckResult result = time_out(*check, [&] { return api_.objects.contains(stateful_set_); });
  EXPECT_EQ(result.status, kUnknown);
  EXPECT_EQ(run(*check).status, kUnknown);
  EXPECT_EQ(run(*check).status, kUp);
}

}  // namespace
}  // namespace meshcheck::checks
