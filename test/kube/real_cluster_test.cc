// -kubeproxyinit against a real kube-apiserver: pods and nodes as objects, without kubelets.
#include <memory>

#include "server/cluster/cluster_watcher.h"
#include "test/kube/real_api.h"

namespace meshcheck::server {
namespace {

using kube::RealApi;
using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kPods = "/api/v1/namespaces/default/pods";
const std::string kRbac = "/apis/rbac.authorization.k8s.io/v1/";

std::string pod_json(const std::string& name, const std::string& node,
                     const std::string& more = "") {
  return R"({"metadata":{"name":")" + name + R"(","labels":{"app":"netchecker-agent"}},"spec":)" +
         R"({"containers":[{"name":"a","image":"b"}],"nodeName":")" + node + "\"}" + more + "}";
}

std::string node_json(const std::string& name, bool cordoned) {
  return R"({"metadata":{"name":")" + name +
         R"(","labels":{"topology.kubernetes.io/zone":"east"}},"spec":{"unschedulable":)" +
         (cordoned ? "true" : "false") +
         R"(},"status":{"conditions":[{"type":"Ready","status":"True","reason":"r"}]}})";
}

std::string role(const std::string& name, const std::string& resource) {
  return R"({"metadata":{"name":")" + name + R"("},"rules":[{"apiGroups":[""],"resources":[")" +
         resource + R"("],"verbs":["get","list","watch"]}]})";
}

std::string binding(const std::string& kind, const std::string& name) {
  return R"({"metadata":{"name":")" + name +
         R"("},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":")" + kind +
         R"(","name":")" + name + R"("},"subjects":[{"kind":"ServiceAccount","name":"server",)" +
         R"("namespace":"default"}]})";
}

class RealClusterTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!RealApi::missing()) api_ = std::make_unique<RealApi>();
  }
  static void TearDownTestSuite() { api_.reset(); }
  void SetUp() override {
    if (const auto reason = RealApi::missing()) GTEST_SKIP() << *reason;
    ASSERT_TRUE(config_.check());
  }

  void start(const kube::Config& where) {
    ClusterWatcher::Options options;
    options.status_period = milliseconds(50);
    watcher_.emplace(ClusterWatcher::Owner{loop_, Membership(table_, mesh_), status_,
                                           Log({.level = Log::Level::kError})},
                     where, config_, options);
  }
  // As its node would say.
  void run_pod(const std::string& name, const std::string& node) {
    api_->ask("POST", kPods, pod_json(name, node));
    api_->ask("PUT", kPods + "/" + name + "/status",
              pod_json(name, node,
                       R"(,"status":{"phase":"Running","startTime":"2020-01-01T00:00:00Z",)"
                       R"("conditions":[{"type":"Ready","status":"True"}]})"));
  }
  bool wait_for(const std::function<bool()>& done) {
    return uv::run_until(loop_, done, seconds(40));
  }
  ConnectivityCheck check() {
    return table_.with([](const AgentTable& table) { return table.check(now()); });
  }
  ClusterStatus status() {
    return status_.with([](const ClusterStatus& known) { return known; });
  }
  bool is_followed() { return status().synced() && !status().cut_off_since(); }

  inline static std::unique_ptr<RealApi> api_;
  uv::Loop loop_;
  Guarded<AgentTable> table_{AgentTable::Options()};
  Guarded<mesh::Mesh> mesh_{mesh::Mesh::Options()};
  Guarded<ClusterStatus> status_;
  ClusterConfig config_;
  std::optional<ClusterWatcher> watcher_;
};

TEST_F(RealClusterTest, FollowsWhatBecomesOfPodsAndNodes) {
  for (const char* const node : {"one", "two"}) {
    api_->ask("POST", "/api/v1/nodes", node_json(node, false));
  }
  run_pod("a", "one");
  run_pod("b", "two");
  start(api_->admin());
  using Names = std::vector<std::string>;
  ASSERT_TRUE(wait_for([&] { return check().absent == Names{"a", "b"}; })) << status().trouble();
  ASSERT_TRUE(wait_for([&] { return is_followed(); })) << status().trouble();
  api_->ask("PUT", "/api/v1/nodes/one", node_json("one", true));
  EXPECT_TRUE(wait_for([&] { return check().absent == Names{"b"}; }));
  EXPECT_EQ(check().excused, Names{"a"});
  api_->ask("DELETE", kPods + "/b", R"({"gracePeriodSeconds":30})");
  EXPECT_TRUE(wait_for([&] { return check().absent.empty(); })) << "it is terminating";
  api_->ask("DELETE", kPods + "/b", R"({"gracePeriodSeconds":0})");
  api_->ask("POST", kPods, pod_json("c", "two"));
  EXPECT_TRUE(wait_for([&] { return check().awaited == 1; })) << "it is new";
  api_->ask("DELETE", "/api/v1/nodes/two");
  EXPECT_TRUE(wait_for([&] { return check().awaited == 0; })) << "its node is gone";
  for (const char* const pod : {"a", "c"}) {
    api_->ask("DELETE", kPods + "/" + pod, R"({"gracePeriodSeconds":0})");
  }
  api_->ask("DELETE", "/api/v1/nodes/one");
}

TEST_F(RealClusterTest, NeedsTheRightsOfTheDocumentAndNoMore) {
  api_->ask("POST", "/api/v1/namespaces/default/serviceaccounts",
            R"({"metadata":{"name":"server"}})");
  const std::string answer =
      api_->ask("POST", "/api/v1/namespaces/default/serviceaccounts/server/token",
                R"({"spec":{"expirationSeconds":600}})");
  const auto begin = answer.find(R"("token":")") + 9;
  start(api_->with_token(answer.substr(begin, answer.find('"', begin) - begin)));
  ASSERT_TRUE(wait_for([&] { return !status().followed[0].why.empty(); }));
  EXPECT_NE(status().trouble().find("forbids us to list pods in namespace default (403)"),
            std::string::npos)
      << status().trouble();
  api_->ask("POST", kRbac + "namespaces/default/roles", role("agents", "pods"));
  api_->ask("POST", kRbac + "namespaces/default/rolebindings", binding("Role", "agents"));
  ASSERT_TRUE(wait_for([&] { return status().followed[0].synced; })) << status().trouble();
  EXPECT_FALSE(status().synced()) << "nodes are not listed yet";
  EXPECT_NE(status().trouble().find("forbids us to list nodes (403)"), std::string::npos)
      << status().trouble();
  api_->ask("POST", kRbac + "clusterroles", role("nodes", "nodes"));
  api_->ask("POST", kRbac + "clusterrolebindings", binding("ClusterRole", "nodes"));
  EXPECT_TRUE(wait_for([&] { return is_followed(); })) << status().trouble();
}

TEST_F(RealClusterTest, KeepsWhatItKnewWhileTheApiServerIsDown) {
  api_->ask("POST", "/api/v1/nodes", node_json("stays", false));
  run_pod("stays", "stays");
  start(api_->admin());
  ASSERT_TRUE(wait_for([&] { return check().absent.size() == 1 && is_followed(); }));
  api_->stop_api();
  RealApi::catch_up(loop_);
  EXPECT_TRUE(wait_for([&] { return status().cut_off_since().has_value(); }));
  EXPECT_EQ(check().absent.size(), 1U);
  EXPECT_NE(status().trouble().find("cannot be reached"), std::string::npos) << status().trouble();
  api_->start_api();
  RealApi::catch_up(loop_);
  run_pod("later", "stays");
  EXPECT_TRUE(wait_for([&] { return is_followed() && check().expected + check().awaited == 2; }))
      << status().trouble();
}

}  // namespace
}  // namespace meshcheck::server
