#include "test/kube/real_api.h"

#include <map>
#include <memory>

#include "lib/kube/token_review.h"
#include "lib/kube/watch.h"

namespace meshcheck::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kPods = "/api/v1/namespaces/default/pods";
const std::string kAccounts = "/api/v1/namespaces/default/serviceaccounts";
const std::string kRbac = "/apis/rbac.authorization.k8s.io/v1/";

std::string pod_json(const std::string& name) {
  return R"({"metadata":{"name":")" + name +
         R"(","labels":{"app":"agent"}},"spec":{"containers":)" +
         R"([{"name":"a","image":"b"}],"hostNetwork":true,"nodeName":"worker"}})";
}

std::string account_json(const std::string& name) {
  return R"({"metadata":{"name":")" + name + "\"}}";
}

// One API server for all tests, since it takes seconds to start; each has names of its own.
class RealApiTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!RealApi::missing()) api_ = std::make_unique<RealApi>();
  }
  static void TearDownTestSuite() { api_.reset(); }
  void SetUp() override {
    if (const auto reason = RealApi::missing()) GTEST_SKIP() << *reason;
  }

  template <typename Object>
  std::unique_ptr<Watch> follow(Client& client, const std::string& resource,
                                std::map<std::string, Object>& objects) {
    return std::make_unique<Watch>(
        client, ResourceList{.resource = resource}, Reflector::Options(),
        Watch::handlers<Object>(
            [&objects](const Object& object) { objects[object.identity.name] = object; },
            [&objects](const Identity& identity) { objects.erase(identity.name); }, [] {}));
  }
  bool wait_for(const std::function<bool()>& done, seconds patience = seconds(10)) {
    return uv::run_until(loop_, done, patience);
  }
  std::string token_of(const std::string& account, const std::string& more) {
    const std::string answer =
        api_->ask("POST", kAccounts + "/" + account + "/token",
                  R"({"spec":{"audiences":["meshcheck"],"expirationSeconds":600)" + more + "}}");
    return field(answer, "token");
  }
  Result<TokenReview> review(const std::string& token, const std::string& audience) {
    Client client(loop_, http_, api_->admin());
    std::optional<Result<TokenReview>> review;
    const auto call = review_token(client, token, {audience},
                                   [&](Result<TokenReview> told) { review = std::move(told); });
    EXPECT_TRUE(wait_for([&] { return review.has_value(); }));
    return review.value_or(Error("no review"));
  }

  inline static std::unique_ptr<RealApi> api_;
  uv::Loop loop_;
  http::Client http_{loop_, {.connections_max = 8}};
};

TEST_F(RealApiTest, FollowsNodes) {
  Client client(loop_, http_, api_->admin());
  std::map<std::string, Node> nodes;
  const auto watch = follow(client, "nodes", nodes);
  ASSERT_TRUE(wait_for([&] { return watch->status().synced; })) << watch->status().why;
  api_->ask("POST", "/api/v1/nodes",
            R"({"metadata":{"name":"followed","labels":{"topology.kubernetes.io/zone":"east"}},)"
            R"("spec":{"podCIDR":"10.244.1.0/24","podCIDRs":["10.244.1.0/24"],)"
            R"("taints":[{"key":"a","value":"b","effect":"NoExecute"}]},)"
            R"("status":{"addresses":[{"type":"InternalIP","address":"192.0.2.1"}],)"
            R"("conditions":[{"type":"Ready","status":"True","reason":"KubeletReady"}]}})");
  ASSERT_TRUE(wait_for([&] { return nodes.contains("followed"); }));
  const Node node = nodes["followed"];
  EXPECT_EQ(node.zone, "east");
  EXPECT_TRUE(node.ready);
  EXPECT_FALSE(node.unschedulable);
  EXPECT_EQ(node.pod_cidrs, std::vector<std::string>{"10.244.1.0/24"});
  ASSERT_EQ(node.addresses.size(), 1U);
  EXPECT_EQ(node.addresses[0].text(), "192.0.2.1");
  ASSERT_GE(node.taints.size(), 1U);
  EXPECT_FALSE(node.identity.uid.empty());
  api_->ask("PUT", "/api/v1/nodes/followed",
            R"({"metadata":{"name":"followed"},"spec":{"unschedulable":true,)"
            R"("podCIDR":"10.244.1.0/24","podCIDRs":["10.244.1.0/24"]}})");
  EXPECT_TRUE(wait_for([&] { return nodes["followed"].unschedulable; }));
  api_->ask("DELETE", "/api/v1/nodes/followed");
  EXPECT_TRUE(wait_for([&] { return !nodes.contains("followed"); }));
}

TEST_F(RealApiTest, FollowsPods) {
  api_->ask("POST", kPods, pod_json("before"));
  Client client(loop_, http_, api_->admin());
  std::map<std::string, Pod> pods;
  const auto watch = follow(client, "pods", pods);
  ASSERT_TRUE(wait_for([&] { return watch->status().synced; })) << watch->status().why;
  EXPECT_TRUE(pods.contains("before"));
  api_->ask("POST", kPods, pod_json("after"));
  ASSERT_TRUE(wait_for([&] { return pods.contains("after"); }));
  EXPECT_EQ(pods["after"].node, "worker");
  EXPECT_EQ(pods["after"].labels["app"], "agent");
  EXPECT_EQ(pods["after"].phase, "Pending");
  EXPECT_TRUE(pods["after"].host_network);
  EXPECT_FALSE(pods["after"].ready);
  const std::string status =
      R"(,"status":{"phase":"Running","podIP":"10.0.0.9","podIPs":[{"ip":"10.0.0.9"}],)"
      R"("conditions":[{"type":"Ready","status":"True"}]}})";
  std::string json = pod_json("after");
  json.pop_back();
  api_->ask("PUT", kPods + "/after/status", json + status);
  EXPECT_TRUE(wait_for([&] { return pods["after"].ready; }));
  EXPECT_EQ(pods["after"].addresses.size(), 1U);
  api_->ask("DELETE", kPods + "/after");
  EXPECT_TRUE(wait_for([&] { return pods["after"].terminating; })) << "its node would end it";
  api_->ask("DELETE", kPods + "/after", R"({"gracePeriodSeconds":0})");
  EXPECT_TRUE(wait_for([&] { return !pods.contains("after"); }));
}

TEST_F(RealApiTest, SaysWhoseTokenItIs) {
  api_->ask("POST", kAccounts, account_json("agent"));
  std::string pod = pod_json("holder");
  pod.insert(pod.rfind("}}"), R"(,"serviceAccountName":"agent")");
  const std::string uid = field(api_->ask("POST", kPods, pod), "uid");
  const std::string token = token_of(
      "agent",
      R"(,"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"holder","uid":")" + uid + "\"}");
  const auto known = review(token, "meshcheck");
  ASSERT_TRUE(known) << known.error().message();
  EXPECT_TRUE(known->authenticated) << known->error;
  EXPECT_EQ(known->username, "system:serviceaccount:default:agent");
  EXPECT_EQ(known->service_account_namespace, "default");
  EXPECT_EQ(known->service_account, "agent");
  EXPECT_EQ(known->pod_name, "holder");
  EXPECT_EQ(known->pod_uid, uid);

  const auto other_audience = review(token, "somebody-else");
  ASSERT_TRUE(other_audience);
  EXPECT_FALSE(other_audience->authenticated);
  EXPECT_NE(other_audience->error, "");
  const auto forged = review(token + "x", "meshcheck");
  ASSERT_TRUE(forged);
  EXPECT_FALSE(forged->authenticated);

  api_->ask("DELETE", kPods + "/holder", R"({"gracePeriodSeconds":0})");
  const auto gone = [&] {
    const auto again = review(token, "meshcheck");
    return again && !again->authenticated;
  };
  bool refused = gone();  // The API keeps its own review for some seconds.
  for (int tries = 0; tries < 100 && !refused; ++tries) {
    wait_for([] { return false; }, seconds(0));
    refused = uv::run_until(
                  loop_, [] { return false; }, milliseconds(200)) ||
              gone();
  }
  EXPECT_TRUE(refused) << "with its pod the token ends";
}

TEST_F(RealApiTest, NamesTheRuleThatIsMissingUntilItIsThere) {
  api_->ask("POST", kAccounts, account_json("weak"));
  const std::string answer =
      api_->ask("POST", kAccounts + "/weak/token", R"({"spec":{"expirationSeconds":600}})");
  Client client(loop_, http_, api_->with_token(field(answer, "token")));
  std::map<std::string, Pod> pods;
  const auto watch = follow(client, "pods", pods);
  ASSERT_TRUE(wait_for([&] { return watch->status().cut_off_since.has_value(); }));
  const std::string why = watch->status().why;
  EXPECT_NE(why.find("forbids us to list pods (403); missing is a ClusterRole with apiGroups "
                     "[\"\"], resources [\"pods\"], verbs [\"list\", \"watch\"]"),
            std::string::npos)
      << why;
  EXPECT_NE(why.find("system:serviceaccount:default:weak"), std::string::npos) << why;
  api_->ask("POST", kRbac + "clusterroles",
            R"({"metadata":{"name":"reader"},"rules":[{"apiGroups":[""],"resources":["pods"],)"
            R"("verbs":["list","watch"]}]})");
  api_->ask("POST", kRbac + "clusterrolebindings",
            R"({"metadata":{"name":"reader"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io",)"
            R"("kind":"ClusterRole","name":"reader"},"subjects":[{"kind":"ServiceAccount",)"
            R"("name":"weak","namespace":"default"}]})");
  EXPECT_TRUE(
      wait_for([&] { return watch->status().synced && watch->status().why.empty(); }, seconds(30)));
}

TEST_F(RealApiTest, SaysWhatSomebodyMayDo) {
  Client client(loop_, http_, api_->admin());
  SubjectAccessReviewSpec question;
  question.operation.verb = "get";
  question.path = "/metrics";
  for (const bool admin : {true, false}) {
    question.username = "somebody";
    question.groups = {admin ? "system:masters" : "guests"};
    std::optional<Result<SubjectAccessReview>> review;
    const auto call = review_access(
        client, question, [&](Result<SubjectAccessReview> told) { review = std::move(told); });
    ASSERT_TRUE(wait_for([&] { return review.has_value(); }));
    ASSERT_TRUE(*review) << review->error().message();
    EXPECT_EQ((*review)->allowed, admin);
  }
}

TEST_F(RealApiTest, TrustsNoOtherCertificateAndSaysSo) {
  Config config = api_->admin();
  config.ca_data = config.client_certificate_data;
  Client client(loop_, http_, config);
  std::map<std::string, Pod> pods;
  const auto watch = follow(client, "pods", pods);
  ASSERT_TRUE(wait_for([&] { return watch->status().cut_off_since.has_value(); }));
  EXPECT_EQ(watch->status().why.find("the Kubernetes API cannot be trusted to list pods"), 0U)
      << watch->status().why;
}

TEST_F(RealApiTest, SaysThatItsTokenIsRefused) {
  Client client(loop_, http_, api_->with_token("nonsense"));
  std::map<std::string, Pod> pods;
  const auto watch = follow(client, "pods", pods);
  ASSERT_TRUE(wait_for([&] { return watch->status().cut_off_since.has_value(); }));
  EXPECT_EQ(watch->status().why.find("the Kubernetes API does not accept our credentials (401)"),
            0U)
      << watch->status().why;
}

TEST_F(RealApiTest, KeepsWhatItKnewWhileTheApiIsStoppedAndGoesOn) {
  api_->ask("POST", kPods, pod_json("lasting"));
  Client client(loop_, http_, api_->admin());
  std::map<std::string, Pod> pods;
  const auto watch = follow(client, "pods", pods);
  ASSERT_TRUE(wait_for([&] { return watch->status().synced; }));
  const std::size_t known = pods.size();
  api_->stop_api();
  ASSERT_TRUE(wait_for([&] { return watch->status().cut_off_since.has_value(); }));
  wait_for([] { return false; });  // For ten seconds there is nobody.
  EXPECT_EQ(watch->status().why.find("the Kubernetes API cannot be reached to "), 0U)
      << watch->status().why;
  EXPECT_EQ(pods.size(), known);
  api_->start_api();
  RealApi::catch_up(loop_);
  EXPECT_TRUE(wait_for([&] { return !watch->status().cut_off_since; }, seconds(40)))
      << watch->status().why;
  EXPECT_EQ(pods.size(), known);
  api_->ask("POST", kPods, pod_json("later"));
  EXPECT_TRUE(wait_for([&] { return pods.contains("later"); }));
}

TEST_F(RealApiTest, LosesNothingWhenTheApiHasForgottenWhereWeWere) {
  api_->ask("POST", kPods, pod_json("to-be-deleted"));
  api_->ask("POST", kPods, pod_json("to-be-replaced"));
  Client client(loop_, http_, api_->admin());
  std::map<std::string, Pod> pods;
  const auto watch = follow(client, "pods", pods);
  ASSERT_TRUE(wait_for([&] { return watch->status().synced; }));
  const std::string uid = pods["to-be-replaced"].identity.uid;
  // Our loop stands still while the connection breaks and, after that, all this happens.
  api_->stop_api();
  api_->start_api();
  for (const auto* name : {"to-be-deleted", "to-be-replaced"}) {
    api_->ask("DELETE", kPods + "/" + name, R"({"gracePeriodSeconds":0})");
  }
  api_->ask("POST", kPods, pod_json("to-be-replaced"));
  for (int i = 0; i < 20; ++i) api_->ask("POST", kPods, pod_json("new-" + std::to_string(i)));
  api_->compact();
  api_->stop_api();
  api_->start_api();
  RealApi::catch_up(loop_);
  const auto up_to_date = [&] {
    return pods.contains("new-19") && !pods.contains("to-be-deleted") &&
           watch->status().why.empty();
  };
  ASSERT_TRUE(wait_for(up_to_date, seconds(40))) << watch->status().why;
  EXPECT_EQ(watch->status().lists, 2U) << "it was too late for a watch";
  EXPECT_NE(pods["to-be-replaced"].identity.uid, uid);
}

}  // namespace
}  // namespace meshcheck::kube
