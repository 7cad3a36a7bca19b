// What is looked at without changing anything: pods, nodes, Prometheus; and the keys of `with`.
#include "checks/kube/kube_testing.h"
#include "checks/prometheus_checks.h"

namespace meshcheck::checks {
namespace {

class KubeReadyTest : public KubeChecksFixture {
 protected:
  void add_pod(const std::string& name, bool ready, bool ends = false) {
    json& pod = api_.objects["/api/v1/namespaces/kube-system/pods/" + name];
    pod = {{"metadata", {{"name", name}, {"labels", {{"app", "dns"}}}}}, {"status", status(ready)}};
    if (ends) pod["metadata"]["deletionTimestamp"] = "2026-11-21T00:00:00Z";
  }
  void add_node(const std::string& name, const std::string& group, bool ready) {
    api_.objects["/api/v1/nodes/" + name] = {
        {"metadata", {{"name", name}, {"labels", {{"group", group}}}}}, {"status", status(ready)}};
  }
  static json status(bool ready) {
    json made;
    made["conditions"][0] = {{"type", "Ready"}, {"status", ready ? "True" : "False"}};
    return made;
  }

  const std::string any_ = R"({"namespace": "kube-system", "selector": "app=dns"})";
  const std::string all_ = R"({"namespace": "kube-system", "selector": "app=dns", "all": true})";
};

TEST_F(KubeReadyTest, WantsOnePodThatIsReady) {
  EXPECT_EQ(run("kube-pods-ready", any_).reason,
            "there is no pod of app=dns in namespace kube-system");
  add_pod("a", false);
  add_pod("b", true, /*ends=*/true);
  EXPECT_EQ(run("kube-pods-ready", any_).reason,
            "no pod of app=dns in namespace kube-system is ready, such as a");
  add_pod("c", true);
  EXPECT_EQ(run("kube-pods-ready", any_).status, kUp);
  const CheckResult result = run("kube-pods-ready", all_);
  EXPECT_EQ(result.status, kDown);
  EXPECT_EQ(result.reason,
            "1 of 2 pods of app=dns in namespace kube-system are not ready, such as a");
  add_pod("a", true);
  EXPECT_EQ(run("kube-pods-ready", all_).status, kUp);
}

TEST_F(KubeReadyTest, ReadsAllPagesOfAList) {
  for (const char* name : {"a", "b", "c", "d"}) add_pod(name, false);
  add_pod("e", true);
  EXPECT_EQ(run("kube-pods-ready", any_).status, kUp);
  EXPECT_EQ(api_.count("GET /api/v1/namespaces/kube-system/pods"), 3U);
}

TEST_F(KubeReadyTest, KnowsNothingWhileTheApiFails) {
  for (const char* fault : {"GET /version", "GET /api/v1"}) {
    api_.failures.clear();
    api_.fail(fault, 500);
    EXPECT_EQ(run("kube-pods-ready", any_).status, kUnknown);
    EXPECT_EQ(run("kube-nodes-ready").status, kUnknown);
  }
  api_.failures.clear();
  api_.silent = true;
  EXPECT_EQ(time_out(*make("kube-pods-ready", any_), [] { return true; }).status, kUnknown);
}

TEST_F(KubeReadyTest, WantsSoManyNodesOfAGroup) {
  const std::string with = R"({"selector": "group=front", "min": 2})";
  add_node("n1", "front", true);
  add_node("n2", "front", false);
  add_node("n3", "back", true);
  const CheckResult result = run("kube-nodes-ready", with);
  EXPECT_EQ(result.status, kDown);
  EXPECT_EQ(result.reason, "1 of 2 nodes are ready, and 2 are wanted");
  add_node("n4", "front", true);
  EXPECT_EQ(run("kube-nodes-ready", with).status, kUp);
}

TEST_F(KubeReadyTest, WantsADaemonSetOnEveryNode) {
  const std::string with = R"({"namespace": "net", "name": "exporter"})";
  EXPECT_EQ(run("kube-daemonset-ready", with).reason,
            "there is no DaemonSet exporter in namespace net");
  add_node("n1", "front", true);
  add_node("n2", "front", true);
  for (const char* node : {"n1", "n2"}) {
    api_.objects["/api/v1/nodes/" + std::string(node)]["status"]["conditions"][0]
                ["lastTransitionTime"] = "2026-01-01T00:00:00Z";
  }
  api_.objects["/apis/apps/v1/namespaces/net/daemonsets/exporter"] = json::parse(R"({
    "metadata": {"name": "exporter", "uid": "u1"},
    "spec": {"selector": {"matchLabels": {"app": "exporter"}}}})");
  api_.objects[net_ + "pods/exporter-1"] = json::parse(R"({
    "metadata": {"name": "exporter-1", "labels": {"app": "exporter"},
                 "ownerReferences": [{"uid": "u1"}]},
    "spec": {"nodeName": "n1"},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]}})");
  EXPECT_EQ(run("kube-daemonset-ready", with).reason,
            "the DaemonSet exporter lacks 1 of 2 nodes: there is no pod on n2");
  api_.objects.erase("/api/v1/nodes/n2");
  EXPECT_EQ(run("kube-daemonset-ready", with).status, kUp);
  api_.fail("GET /api/v1/nodes", 500);
  EXPECT_EQ(run("kube-daemonset-ready", with).status, kUnknown);
}

TEST_F(KubeReadyTest, NamesTheKeyThatIsWrong) {
  const auto why = [this](const std::string& checker, const std::string& with) {
    sla::CheckSpec spec;
    spec.checker = checker;
    spec.with = json::parse(with);
    const auto check = make_kube_check(context_, spec);
    return check ? std::string("nothing") : check.error().message();
  };
  EXPECT_EQ(why("kube-apiserver", R"({"url": "x"})"), "with.url: unknown key");
  EXPECT_EQ(why("kube-apiserver", R"([])"), "with: an object is wanted");
  EXPECT_EQ(why("kube-lifecycle", R"({"kind": "Secret"})"),
            "with.kind: ConfigMap or Namespace is wanted");
  EXPECT_EQ(why("kube-pods-ready", "{}"), "with.selector: a text of one line is wanted");
  EXPECT_EQ(why("kube-pods-ready", R"({"selector": "a", "all": 1})"),
            "with.all: true or false is wanted");
  EXPECT_EQ(why("kube-pods-ready", R"({"selector": "a", "namespace": "../x"})"),
            "with.namespace: a name of lower-case letters, digits, '-' and '.' is wanted");
  EXPECT_EQ(why("kube-nodes-ready", R"({"min": 0})"),
            "with.min: a number from 1 to 10000 is wanted");
  EXPECT_EQ(why("kube-daemonset-ready", "{}"), "with.name: a text of one line is wanted");
  EXPECT_EQ(why("metrics-present", R"({"url": "http://x", "queries": []})"),
            "with.queries: a list of texts is wanted, 1 to 64");
}

// The API on loopback plays Prometheus: what it keeps under a path, it answers.
class PrometheusCheckTest : public KubeChecksFixture {
 protected:
  void answer(const std::string& value) {
    api_.objects["/api/v1/query"] = json::parse(
        R"({"status": "success", "data": {"result": [{"value": [1.5, ")" + value + R"("]}]}})");
  }
  std::string with(const std::string& more = "") const {
    return R"({"url": ")" + api_.url() + "/\"" + more + "}";
  }
};

TEST_F(PrometheusCheckTest, WantsTheExpectedAnswer) {
  EXPECT_EQ(run("prometheus-api", with()).reason, "Prometheus answers with status 404");
  answer("1");
  EXPECT_EQ(run("prometheus-api", with()).status, kUp);
  answer("2");
  EXPECT_EQ(run("prometheus-api", with()).reason, "vector(1): Prometheus answers 2");
  api_.objects["/api/v1/query"] = json::parse(R"({"status": "success", "data": {"result": []}})");
  EXPECT_EQ(run("prometheus-api", with()).reason, "vector(1): Prometheus has no result");
  EXPECT_EQ(run("prometheus-api", R"({"url": "http://127.0.0.1:1"})").status, kDown);
}

TEST_F(PrometheusCheckTest, WantsEveryMetricToBeAboveZero) {
  const std::string two = with(R"-(, "queries": ["count(a)", "count(b)"])-");
  answer("3.5");
  EXPECT_EQ(run("metrics-present", two).status, kUp);
  EXPECT_EQ(api_.count("GET /api/v1/query"), 2U);
  for (const char* value : {"0", "NaN", "-1", "x"}) {
    answer(value);
    EXPECT_EQ(run("metrics-present", two).reason,
              std::string("count(a): Prometheus answers ") + value);
  }
}

}  // namespace
}  // namespace meshcheck::checks
