#include "lib/kube/token_review.h"

#include <gtest/gtest.h>

#include "lib/kube/review_cache.h"
#include "lib/kube/token_expiry.h"

namespace meshcheck::kube {
namespace {

using std::chrono::seconds;

const std::vector<std::string> kAudiences{"meshcheck"};

TEST(TokenReviewTest, AsksForItsAudience) {
  EXPECT_EQ(encode_token_review("a.b.c", {"meshcheck", "x"}),
            R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview",)"
            R"("spec":{"token":"a.b.c","audiences":["meshcheck","x"]}})");
}

TEST(TokenReviewTest, TellsWhosePodItIs) {
  const auto review = parse_token_review(R"({"status": {"authenticated": true,
    "audiences": ["meshcheck"], "user": {"username": "system:serviceaccount:net:agent",
    "uid": "u1", "groups": ["system:serviceaccounts"],
    "extra": {"authentication.kubernetes.io/pod-name": ["agent-x"],
              "authentication.kubernetes.io/pod-uid": ["p1"], "other": ["y"]}}}})",
                                         kAudiences);
  ASSERT_TRUE(review) << review.error().message();
  EXPECT_TRUE(review->authenticated);
  EXPECT_EQ(review->username, "system:serviceaccount:net:agent");
  EXPECT_EQ(review->service_account_namespace, "net");
  EXPECT_EQ(review->service_account, "agent");
  EXPECT_EQ(review->groups, std::vector<std::string>{"system:serviceaccounts"});
  EXPECT_EQ(review->pod_name, "agent-x");
  EXPECT_EQ(review->pod_uid, "p1");
}

TEST(TokenReviewTest, SaysWhyATokenIsRefused) {
  const auto review = parse_token_review(
      R"({"status": {"user": {}, "error": "[invalid bearer token, expired]"}})", kAudiences);
  ASSERT_TRUE(review);
  EXPECT_FALSE(review->authenticated);
  EXPECT_EQ(review->error, "[invalid bearer token, expired]");
  EXPECT_EQ(parse_token_review("{}", kAudiences)->error, "the token is not valid");
}

TEST(TokenReviewTest, DoesNotTrustAnApiThatIgnoresAudiences) {
  for (const auto* audiences : {R"([])", R"(["https://kubernetes.default.svc"])", "null"}) {
    const auto review = parse_token_review(
        R"({"status": {"authenticated": true, "user": {"username": "x"}, "audiences": )" +
            std::string(audiences) + "}}",
        kAudiences);
    ASSERT_TRUE(review);
    EXPECT_FALSE(review->authenticated);
    EXPECT_EQ(review->username, "");
  }
}

TEST(TokenReviewTest, AsksForTheApisOwnAudienceWhenItNamesNone) {
  EXPECT_EQ(encode_token_review("a.b.c", {}),
            R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview",)"
            R"("spec":{"token":"a.b.c"}})");
  const auto review =
      parse_token_review(R"({"status": {"authenticated": true, "user": {"username": "x"}}})", {});
  ASSERT_TRUE(review);
  EXPECT_TRUE(review->authenticated);
}

TEST(TokenReviewTest, IsAnErrorWhenTheAnswerMakesNoSense) {
  for (const auto* json :
       {"", "[]", R"({"status": {"authenticated": "yes"}})",
        R"({"status": {"authenticated": true, "audiences": ["meshcheck"], "user": {}}})",
        R"({"status": {"authenticated": true, "audiences": "meshcheck"}})"}) {
    EXPECT_FALSE(parse_token_review(json, kAudiences)) << json;
  }
}

TEST(AccessReviewTest, AsksForAPathOrAResource) {
  SubjectAccessReviewSpec question;
  question.username = "me";
  question.groups = {"a"};
  question.operation.verb = "get";
  question.path = "/api/v1/agents/";
  EXPECT_EQ(encode_access_review(question),
            R"({"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":)"
            R"({"user":"me","uid":"","groups":["a"],"nonResourceAttributes":)"
            R"({"verb":"get","path":"/api/v1/agents/"}}})");
  question.path.clear();
  question.operation = {"list", "meshcheck.io", "downtimes", "net"};
  EXPECT_NE(encode_access_review(question).find(
                R"("resourceAttributes":{"verb":"list","group":"meshcheck.io",)"
                R"("resource":"downtimes","namespace":"net"}}})"),
            std::string::npos);
}

TEST(AccessReviewTest, AllowsOnlyWhatTheApiAllows) {
  EXPECT_TRUE(parse_access_review(R"({"status": {"allowed": true, "reason": "RBAC"}})")->allowed);
  EXPECT_FALSE(parse_access_review(R"({"status": {"allowed": true, "denied": true}})")->allowed);
  EXPECT_FALSE(parse_access_review("{}")->allowed);
  EXPECT_EQ(parse_access_review(R"({"status": {"allowed": false, "reason": "no"}})")->reason, "no");
  EXPECT_FALSE(parse_access_review(R"({"status": {"allowed": 1}})"));
}

class TokenCacheTest : public testing::Test {
 protected:
  static TokenReview good(const std::string& pod) {
    TokenReview review;
    review.authenticated = true;
    review.pod_name = pod;
    return review;
  }

  Clock::time_point now_{};
  TokenCache cache_{{.entries_max = 3}};
};

TEST_F(TokenCacheTest, KeepsWhatIsGoodForAMinute) {
  cache_.insert(digest_of("a"), good("x"), now_, std::nullopt);
  ASSERT_TRUE(cache_.find(digest_of("a"), now_ + seconds(59)));
  EXPECT_EQ(cache_.find(digest_of("a"), now_)->pod_name, "x");
  EXPECT_FALSE(cache_.find(digest_of("a"), now_ + seconds(60)));
  EXPECT_FALSE(cache_.find(digest_of("b"), now_));
}

TEST_F(TokenCacheTest, KeepsARefusalForTenSeconds) {
  cache_.insert(digest_of("a"), TokenReview(), now_, std::nullopt);
  EXPECT_TRUE(cache_.find(digest_of("a"), now_ + seconds(9)));
  EXPECT_FALSE(cache_.find(digest_of("a"), now_ + seconds(10)));
}

TEST_F(TokenCacheTest, KeepsNothingLongerThanTheTokenLives) {
  cache_.insert(digest_of("a"), good("x"), now_, seconds(5));
  EXPECT_TRUE(cache_.find(digest_of("a"), now_ + seconds(4)));
  EXPECT_FALSE(cache_.find(digest_of("a"), now_ + seconds(5)));
  cache_.insert(digest_of("b"), good("x"), now_, seconds(-5));
  EXPECT_FALSE(cache_.find(digest_of("b"), now_));
}

TEST_F(TokenCacheTest, ForgetsRefusalsFirstWhenItIsFull) {
  cache_.insert(digest_of("a"), good("x"), now_, std::nullopt);
  for (int made_up = 0; made_up < 100; ++made_up) {
    cache_.insert(digest_of("made up " + std::to_string(made_up)), TokenReview(), now_,
                  std::nullopt);
    EXPECT_LE(cache_.size(), 3U);
  }
  EXPECT_TRUE(cache_.find(digest_of("a"), now_));
}

TEST_F(TokenCacheTest, TakesTheLatestReview) {
  cache_.insert(digest_of("a"), TokenReview(), now_, std::nullopt);
  cache_.insert(digest_of("a"), good("x"), now_ + seconds(1), std::nullopt);
  EXPECT_EQ(cache_.size(), 1U);
  EXPECT_TRUE(cache_.find(digest_of("a"), now_ + seconds(30))->authenticated);
  cache_.insert(digest_of("b"), good("y"), now_ + seconds(100), std::nullopt);
  EXPECT_EQ(cache_.size(), 1U) << "what is old goes";
}

TEST(TokenExpiryTest, ReadsTheClaim) {
  // {"exp":1763700000}
  EXPECT_EQ(format_rfc3339(token_expiry("e30.eyJleHAiOjE3NjM3MDAwMDB9.sig").value()),
            "2025-11-21T04:40:00Z");
  for (const auto* token : {"", "a", "a.b", "a.b.c", "..", "e30.e30.x", "e30.bm8.x"}) {
    EXPECT_FALSE(token_expiry(token)) << token;
  }
}

}  // namespace
}  // namespace meshcheck::kube
