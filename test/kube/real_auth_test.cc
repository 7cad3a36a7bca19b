// Who may report and read, as a real Kubernetes API sees it.
#include <map>
#include <memory>

#include "server/auth/authenticator.h"
#include "test/kube/real_api.h"

namespace meshcheck::server {
namespace {

using kube::field;
using kube::RealApi;
using std::chrono::seconds;

const std::string kPods = "/api/v1/namespaces/default/pods";
const std::string kAccounts = "/api/v1/namespaces/default/serviceaccounts";
const std::string kRbac = "/apis/rbac.authorization.k8s.io/v1/";

std::string named(const std::string& name, const std::string& more = "") {
  return R"({"metadata":{"name":")" + name + "\"}" + more + "}";
}

class RealAuthTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = RealApi::missing()) GTEST_SKIP() << *reason;
    api_ = std::make_unique<RealApi>();
    api_->ask("POST", kAccounts, named("server"));
    api_->ask("POST", kAccounts, named("agent"));
    config_.report_mode = AuthMode::kKubernetes;
    config_.read_mode = AuthMode::kKubernetes;
    config_.agent_namespace = "default";
    client_.emplace(loop_, http_, api_->with_token(token_of("server", "{}")));
    credentials_ = *Credentials::load(loop_, config_, metrics_, Log());
    state_.emplace(config_, *credentials_, metrics_);
    authenticator_.emplace(
        loop_, *state_, &*client_,
        [this](http::Ticket ticket, http::Admission admission) {
          decided_[ticket] = std::move(admission);
        },
        Log(Log::Options{.level = Log::Level::kError}));
  }

  std::string token_of(const std::string& account, const std::string& spec) {
    const std::string body = R"({"spec":)" + spec + "}";
    return field(api_->ask("POST", kAccounts + "/" + account + "/token", body), "token");
  }
  void bind(const std::string& role, const std::string& account) {
    api_->ask("POST", kRbac + "clusterrolebindings",
              named(role + "-" + account,
                    R"(,"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole",)"
                    R"("name":")" +
                        role + R"("},"subjects":[{"kind":"ServiceAccount","name":")" + account +
                        R"(","namespace":"default"}])"));
  }

  http::Admission ask(http::Method method, const std::string& path, const std::string& token) {
    http::Request request;
    request.method = method;
    request.path = path;
    request.headers = {{"Authorization", "Bearer " + token}};
    RealApi::catch_up(loop_);
    const http::Ticket ticket = ++ticket_;
    if (auto admission = authenticator_->admit(request, ticket)) return *std::move(admission);
    EXPECT_TRUE(uv::run_until(
        loop_, [&] { return decided_.contains(ticket); }, seconds(20)));
    return decided_[ticket];
  }
  http::Admission report(const std::string& agent, const std::string& token) {
    return ask(http::Method::kPost, "/api/v1/agents/" + agent, token);
  }
  static int status(const http::Admission& admission) {
    return admission.refusal ? admission.refusal->status : 200;
  }
  // What is bound reaches the API's authorizer a moment later.
  template <typename Ask>
  bool becomes(int expected, Ask&& ask) {
    for (int tries = 0; tries < 100; ++tries) {
      if (status(ask()) == expected) return true;
      uv::run_until(
          loop_, [] { return false; }, std::chrono::milliseconds(200));
    }
    return false;
  }

  std::unique_ptr<RealApi> api_;
  uv::Loop loop_;
  http::Client http_{loop_, {.connections_max = 8}};
  std::optional<kube::Client> client_;
  AuthConfig config_;
  metrics::Registry registry_;
  AuthMetrics metrics_{registry_};
  std::unique_ptr<Credentials> credentials_;
  std::optional<AuthState> state_;
  http::Ticket ticket_ = 0;
  std::map<http::Ticket, http::Admission> decided_;
  std::optional<Authenticator> authenticator_;
};

TEST_F(RealAuthTest, LetsPodsReportForThemselvesAndReadersReadWhatTheyMay) {
  const std::string pod = named("holder", R"(,"spec":{"containers":[{"name":"a","image":"b"}],)"
                                          R"("nodeName":"worker","serviceAccountName":"agent"})");
  const std::string uid = field(api_->ask("POST", kPods, pod), "uid");
  const std::string bound = R"("boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"holder",)"
                            R"("uid":")" +
                            uid + "\"}";
  const std::string token = token_of("agent", R"({"audiences":["meshcheck"],)" + bound + "}");
  const http::Admission without_right = report("holder", token);
  ASSERT_EQ(status(without_right), 503);
  EXPECT_NE(without_right.refusal->body.find("tokenreviews"), std::string::npos)
      << without_right.refusal->body;

  bind("system:auth-delegator", "server");
  ASSERT_TRUE(becomes(200, [&] { return report("holder", token); }));
  EXPECT_EQ(report("holder", token).principal, uid);
  EXPECT_EQ(status(report("other", token)), 403);
  EXPECT_EQ(status(report("agent", token_of("agent", R"({"audiences":["meshcheck"]})"))), 403);
  EXPECT_EQ(status(report("holder", token_of("agent", "{" + bound + "}"))), 401);
  EXPECT_EQ(status(report("holder", token + "x")), 401);

  const std::string reader = token_of("agent", "{}");
  EXPECT_EQ(status(ask(http::Method::kGet, "/metrics", reader)), 403);
  api_->ask("POST", kRbac + "clusterroles",
            named("metrics", R"(,"rules":[{"nonResourceURLs":["/metrics"],"verbs":["get"]}])"));
  bind("metrics", "agent");
  EXPECT_TRUE(becomes(200, [&] { return ask(http::Method::kGet, "/metrics", reader); }))
      << "a refusal is kept for ten seconds";
  EXPECT_EQ(status(ask(http::Method::kGet, "/api/v1/agents/", reader)), 403)
      << "system:discovery lets everybody get /api/*";
  EXPECT_EQ(status(ask(http::Method::kGet, "/metrics", token)), 401) << "that is for reports";
}

}  // namespace
}  // namespace meshcheck::server
