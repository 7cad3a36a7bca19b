#include "server/auth/access_rules.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

using Kind = Access::Kind;
using http::Method;

http::Request request(Method method, const std::string& path) {
  http::Request request;
  request.method = method;
  request.path = path;
  return request;
}

TEST(AccessRulesTest, KnowAReportByItsRouteAlone) {
  const http::Request report = request(Method::kPost, "/api/v1/agents/agent x");
  EXPECT_EQ(access_of(report).kind, Kind::kReport);
  EXPECT_EQ(access_of(report).agent, "agent x");
  for (const char* path : {"/api/v1/agents/", "/api/v1/agents", "/api/v1/agents/a/b",
                           "//api/v1/agents/a", "/API/v1/agents/a", "/", ""}) {
    EXPECT_EQ(access_of(request(Method::kPost, path)).kind, Kind::kRead) << path;
  }
}

TEST(AccessRulesTest, LeaveNothingOpenByMistake) {
  EXPECT_EQ(access_of(request(Method::kGet, "/healthz")).kind, Kind::kOpen);
  EXPECT_EQ(access_of(request(Method::kHead, "/readyz")).kind, Kind::kOpen);
  EXPECT_EQ(access_of(request(Method::kGet, "/api/v1/ping")).kind, Kind::kPing);
  for (const char* path :
       {"/healthz/", "/Healthz", "/healthz/x", "//healthz", "/api/v1/ping/", "/metrics", "//",
        "/index.js/", "/Index.js", "/status/x", "/new", "/api/v1/agents/a"}) {
    EXPECT_EQ(access_of(request(Method::kGet, path)).kind, Kind::kRead) << path;
  }
  for (const Method method :
       {Method::kPost, Method::kPut, Method::kDelete, Method::kOptions, Method::kOther}) {
    EXPECT_EQ(access_of(request(method, "/healthz")).kind, Kind::kRead);
  }
}

TEST(AccessRulesTest, TellNoHeaderFromAnotherScheme) {
  http::Request asked;
  EXPECT_FALSE(bearer_token(asked));
  const auto token_of = [&](const std::string& value) {
    asked.headers = {{"authorization", value}};
    return std::string(bearer_token(asked).value_or("nothing"));
  };
  EXPECT_EQ(token_of("Bearer a.b.c"), "a.b.c");
  EXPECT_EQ(token_of("bEARER   x"), "x");
  for (const char* value : {"Bearer", "Bearer ", "Bearerx", "Basic x", "x"}) {
    EXPECT_EQ(token_of(value), "") << value;
  }
}

TEST(AccessRulesTest, HaveTheVerbsOfKubernetes) {
  EXPECT_EQ(verb_of(Method::kGet), "get");
  EXPECT_EQ(verb_of(Method::kHead), "get");
  EXPECT_EQ(verb_of(Method::kDelete), "delete");
  EXPECT_EQ(right_of("/metrics"), "/metrics");
  EXPECT_EQ(right_of("/api/v1/agents/a"), "/meshcheck/api/v1/agents/a");
  EXPECT_EQ(right_of("/"), "/meshcheck/");
}

TEST(AccessRulesTest, LetAPodReportForItselfOnly) {
  kube::TokenReview review;
  review.error = "expired";
  const auto reason = [&](const std::string& agent, const std::optional<std::string>& space) {
    const Ruling ruling = judge_report(review, agent, space);
    return ruling.refusal ? std::string(text(ruling.refusal->reason)) : ruling.principal;
  };
  EXPECT_EQ(reason("a", std::nullopt), "bad_token");
  review.authenticated = true;
  EXPECT_EQ(reason("a", std::nullopt), "other_pod");
  EXPECT_EQ(reason("", std::nullopt), "other_pod") << "no pod is not the pod without a name";
  review.pod_name = "a";
  review.pod_uid = "uid";
  review.service_account_namespace = "net";
  EXPECT_EQ(reason("a", std::nullopt), "uid");
  EXPECT_EQ(reason("a", "net"), "uid");
  EXPECT_EQ(reason("a", "other"), "other_pod");
  EXPECT_EQ(reason("b", "net"), "other_pod");
}

TEST(AccessRulesTest, AnswerWithAStatusThatSaysWhatHelps) {
  using Reason = Refusal::Reason;
  EXPECT_EQ(response_of({Reason::kNoToken, "x"}).status, 401);
  EXPECT_EQ(response_of({Reason::kBadToken, "x"}).headers.back().second, "Bearer");
  EXPECT_EQ(response_of({Reason::kOtherPod, "x"}).status, 403);
  EXPECT_EQ(response_of({Reason::kNotAnswered, "x"}).status, 503);
  EXPECT_EQ(response_of({Reason::kBusy, "x"}).body, "x\n");
}

}  // namespace
}  // namespace meshcheck::server
