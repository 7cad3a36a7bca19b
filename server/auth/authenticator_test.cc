#include "server/auth/authenticator.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "lib/testing/fake_kube_api.h"
#include "lib/testing/loop.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;
using kube::FakeApi;

class AuthenticatorTest : public testing::Test {
 protected:
  AuthenticatorTest() {
    config_.report_mode = AuthMode::kKubernetes;
    config_.read_mode = AuthMode::kKubernetes;
    kube::Config api;
    api.server = api_.url();
    client_.emplace(loop_, http_, api);
    credentials_ = *Credentials::load(loop_, config_, metrics_, Log());
    state_.emplace(config_, *credentials_, metrics_);
    start();
  }

  void start() {
    authenticator_.emplace(
        loop_, *state_, &*client_,
        [this](http::Ticket ticket, http::Admission admission) {
          decided_.emplace(ticket, std::move(admission));
        },
        Log(Log::Options{.level = Log::Level::kError}));
  }

  static http::Request report(const std::string& agent, const std::string& token) {
    http::Request request;
    request.method = http::Method::kPost;
    request.path = "/api/v1/agents/" + agent;
    request.headers = {{"Authorization", "Bearer " + token}};
    return request;
  }
  static http::Request reading(const std::string& path, const std::string& token) {
    http::Request request = report("", token);
    request.method = http::Method::kGet;
    request.path = path;
    return request;
  }
  void say_pod(const std::string& pod) {
    api_.next_answers.push_back(FakeApi::answer(
        201, R"({"status":{"authenticated":true,"audiences":["meshcheck"],"user":{)"
             R"("username":"system:serviceaccount:net:agent","extra":{)"
             R"("authentication.kubernetes.io/pod-name":[")" +
                 pod + R"("],"authentication.kubernetes.io/pod-uid":["uid-)" + pod + "\"]}}}}"));
  }
  void remember_pod(const std::string& pod, std::chrono::seconds age,
                    const std::string& token = "t") {
    kube::TokenReview review;
    review.authenticated = true;
    review.service_account_namespace = "net";
    review.pod_name = pod;
    review.pod_uid = "uid-" + pod;
    state_->report_tokens.with([&](kube::TokenCache& tokens) {
      tokens.insert(kube::digest_of(token), review, loop_.now() - age, std::nullopt);
    });
  }
  void say(const std::string& status) {
    api_.next_answers.push_back(FakeApi::answer(201, R"({"status":)" + status + "}"));
  }
  std::optional<http::Admission> admit(const http::Request& request) {
    return authenticator_->admit(request, ++ticket_);
  }
  void wait_for(std::size_t decisions) {
    EXPECT_TRUE(uv::run_until(loop_, [&] { return decided_.size() == decisions; }));
  }
  static int status(const http::Admission& admission) {
    return admission.refusal ? admission.refusal->status : 200;
  }

  uv::Loop loop_;
  FakeApi api_{loop_};
  http::Client http_{loop_, {.connections_max = 16}};
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

TEST_F(AuthenticatorTest, DecidesAtOnceWhatItWasToldBefore) {
  say_pod("a");
  EXPECT_FALSE(admit(report("a", "t")));
  wait_for(1);
  EXPECT_EQ(status(decided_[1]), 200);
  EXPECT_EQ(decided_[1].principal, "uid-a");
  const auto again = admit(report("a", "t"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->principal, "uid-a");
  const auto other = admit(report("b", "t"));
  ASSERT_TRUE(other);
  EXPECT_EQ(status(*other), 403);
  EXPECT_EQ(api_.requests.size(), 1U);
}

TEST_F(AuthenticatorTest, AsksOnceForAllWhoShowTheSameToken) {
  say_pod("a");
  EXPECT_FALSE(admit(report("a", "t")));
  EXPECT_FALSE(admit(report("b", "t")));
  EXPECT_FALSE(admit(report("a", "t")));
  wait_for(3);
  EXPECT_EQ(status(decided_[1]), 200);
  EXPECT_EQ(status(decided_[2]), 403);
  EXPECT_EQ(status(decided_[3]), 200);
  EXPECT_EQ(api_.requests.size(), 1U);
}

TEST_F(AuthenticatorTest, SharesWhatItWasToldWithTheOtherThreads) {
  say_pod("a");
  EXPECT_FALSE(admit(report("a", "t")));
  wait_for(1);
  start();
  EXPECT_TRUE(admit(report("a", "t")));
}

TEST_F(AuthenticatorTest, RefusesMoreQuestionsThanItsBound) {
  for (int i = 0; i < 256; ++i) EXPECT_FALSE(admit(report("a", "t" + std::to_string(i)))) << i;
  const auto beyond = admit(report("a", "another"));
  ASSERT_TRUE(beyond);
  EXPECT_EQ(status(*beyond), 503);
  EXPECT_FALSE(admit(report("a", "t7"))) << "that is asked already";
}

TEST_F(AuthenticatorTest, LetsNobodyInWithoutAnAnswerAndAsksAgain) {
  for (const int status : {403, 500, 200}) {
    api_.next_answers.push_back(FakeApi::answer(status, "no"));
  }
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_FALSE(admit(report("a", "t")));
    wait_for(i);
    EXPECT_EQ(status(decided_[i]), 503);
  }
  EXPECT_NE(decided_[1].refusal->body.find("resources [\"tokenreviews\"], verbs [\"create\"]"),
            std::string::npos)
      << decided_[1].refusal->body;
  say_pod("a");
  EXPECT_FALSE(admit(report("a", "t")));
  wait_for(4);
  EXPECT_EQ(status(decided_[4]), 200);
}

TEST_F(AuthenticatorTest, AsksAgainBesideAReportAboutATokenOfAMinuteAgo) {
  remember_pod("a", 61s);
  say(R"({"authenticated":false})");
  const auto at_once = admit(report("a", "t"));
  ASSERT_TRUE(at_once) << "a slow API makes no report late";
  EXPECT_EQ(at_once->principal, "uid-a");
  ASSERT_TRUE(uv::run_until(loop_, [&] { return metrics_.reviews.Value() == 1; }));
  const auto refused = admit(report("a", "t"));
  ASSERT_TRUE(refused);
  EXPECT_EQ(status(*refused), 401);
  EXPECT_TRUE(decided_.empty());
  EXPECT_EQ(api_.requests.size(), 1U);
}

TEST_F(AuthenticatorTest, AsksAboutEachTokenOfAMinuteAgoWhileTheApiAnswers) {
  remember_pod("a", 61s, "t");
  remember_pod("b", 61s, "u");
  say_pod("a");
  say_pod("b");
  EXPECT_TRUE(admit(report("a", "t")));
  EXPECT_TRUE(admit(report("b", "u")));
  EXPECT_TRUE(admit(report("a", "t"))) << "that is asked already";
  EXPECT_TRUE(uv::run_until(loop_, [&] { return api_.requests.size() == 2; }));
}

TEST_F(AuthenticatorTest, WaitsForTheReviewOfATokenOfTwoMinutesAgo) {
  remember_pod("a", 121s);
  say(R"({"authenticated":false})");
  EXPECT_FALSE(admit(report("a", "t")));
  wait_for(1);
  EXPECT_EQ(status(decided_[1]), 401);
}

TEST_F(AuthenticatorTest, GoesOnWithWhomItKnewWhileTheApiIsAway) {
  remember_pod("a", 121s);
  api_.next_answers.push_back(FakeApi::answer(500, "{}"));
  EXPECT_FALSE(admit(report("a", "t")));
  wait_for(1);
  EXPECT_EQ(status(decided_[1]), 200);
  EXPECT_EQ(decided_[1].principal, "uid-a");
  EXPECT_TRUE(admit(report("a", "t"))) << "and does not wait again";
  EXPECT_EQ(api_.requests.size(), 1U);
}

TEST_F(AuthenticatorTest, ForgetsWhomItKnewAnHourAgo) {
  remember_pod("a", 3601s);
  api_.next_answers.push_back(FakeApi::answer(500, "{}"));
  EXPECT_FALSE(admit(report("a", "t")));
  wait_for(1);
  EXPECT_EQ(status(decided_[1]), 503);
}

TEST_F(AuthenticatorTest, AsksWhatAReaderMayOnceForEachPath) {
  say(R"({"authenticated":true,"user":{"username":"ann","groups":["people"]}})");
  say(R"({"allowed":true})");
  EXPECT_FALSE(admit(reading("/metrics", "t")));
  wait_for(1);
  EXPECT_EQ(status(decided_[1]), 200);
  EXPECT_EQ(decided_[1].principal, "ann");
  EXPECT_TRUE(admit(reading("/metrics", "t")));
  say(R"({"allowed":false})");
  EXPECT_FALSE(admit(reading("/new", "t")));
  wait_for(2);
  EXPECT_EQ(status(decided_[3]), 403);
  EXPECT_EQ(api_.requests.size(), 3U);
  EXPECT_NE(api_.texts[2].find(R"("groups":["people"],"nonResourceAttributes":)"
                               R"({"verb":"get","path":"/meshcheck/new"})"),
            std::string::npos);
}

TEST_F(AuthenticatorTest, DoesNotTakeAReadersTokenForAPods) {
  say(R"({"authenticated":true,"user":{"username":"ann"}})");
  say(R"({"allowed":true})");
  EXPECT_FALSE(admit(reading("/metrics", "t")));
  wait_for(1);
  say(R"({"authenticated":true,"user":{"username":"ann"}})");
  EXPECT_FALSE(admit(report("a", "t"))) << "it is asked about for another audience";
  wait_for(2);
  EXPECT_EQ(status(decided_[2]), 401);
}

TEST_F(AuthenticatorTest, AsksNobodyAboutWhatIsNoToken) {
  const auto refused = admit(report("a", "caf\xc3\xa9"));
  ASSERT_TRUE(refused);
  EXPECT_EQ(status(*refused), 401);
}

TEST_F(AuthenticatorTest, IsSilentOnceItIsGone) {
  say_pod("a");
  EXPECT_FALSE(admit(report("a", "t")));
  authenticator_.reset();
  uv::run_until(
      loop_, [&] { return !api_.requests.empty(); }, std::chrono::milliseconds(50));
  EXPECT_TRUE(decided_.empty());
}

}  // namespace
}  // namespace meshcheck::server
