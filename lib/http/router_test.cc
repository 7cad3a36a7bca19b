#include "lib/http/router.h"

#include <gtest/gtest.h>

namespace meshcheck::http {
namespace {

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    const auto named = [](std::string name) {
      return [name](const Request& request) {
        Response response;
        response.body = name + "(" + std::string(request.parameter) + ")";
        return response;
      };
    };
    router_.add(Method::kGet, "/api/v1/agents/", named("all"));
    router_.add(Method::kGet, "/api/v1/agents/{name}", named("one"));
    router_.add(Method::kPost, "/api/v1/agents/{name}", named("post"));
    router_.add(Method::kGet, "/api/v1/agents/{name}/paths", named("paths"));
    router_.add(Method::kGet, "/api/v1/ping", named("ping"));
  }

  // "status body" or, for a redirect, "status Location"; with Allow where there is one.
  std::string ask(Method method, const std::string& path, const std::string& target = "") {
    Request request;
    request.method = method;
    request.path = path;
    request.target = target.empty() ? path : target;
    const Response response = router_.answer(request);
    std::string text = std::to_string(response.status);
    for (const auto& [name, value] : response.headers) {
      if (name == "Location" || name == "Allow") text += " " + value;
    }
    return response.status == 200 ? text + " " + response.body : text;
  }

  Router router_;
};

TEST_F(RouterTest, FindsLiteralsAndParameters) {
  EXPECT_EQ(ask(Method::kGet, "/api/v1/agents/"), "200 all()");
  EXPECT_EQ(ask(Method::kGet, "/api/v1/agents/a b"), "200 one(a b)");
  EXPECT_EQ(ask(Method::kPost, "/api/v1/agents/x"), "200 post(x)");
  EXPECT_EQ(ask(Method::kGet, "/api/v1/agents/x/paths"), "200 paths(x)");
  EXPECT_EQ(ask(Method::kHead, "/api/v1/ping"), "200 ping()");
}

TEST_F(RouterTest, FindsTwoSegmentsInOneParameter) {
  router_.add(Method::kDelete, "/sla/{group}/{probe}", [](const Request& request) {
    Response response;
    response.body = request.parameter;
    return response;
  });
  EXPECT_EQ(ask(Method::kDelete, "/sla/a/b"), "200 a/b");
  EXPECT_EQ(ask(Method::kDelete, "/sla/a"), "404");
  EXPECT_EQ(ask(Method::kDelete, "/sla/a/"), "404");
  EXPECT_EQ(ask(Method::kDelete, "/sla/a/b/c"), "404");
  EXPECT_EQ(ask(Method::kDelete, "/sla//a/b c/"), "307 ../../../../sla/a/b%20c");
  EXPECT_EQ(ask(Method::kGet, "/sla/a/b"), "405 DELETE, OPTIONS");
}

TEST_F(RouterTest, NamesTheMethodsOfAKnownPath) {
  EXPECT_EQ(ask(Method::kDelete, "/api/v1/agents/x"), "405 GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(ask(Method::kOptions, "/api/v1/ping"), "200 GET, HEAD, OPTIONS ");
  EXPECT_EQ(ask(Method::kPost, "/api/v1/agents/"), "405 GET, HEAD, OPTIONS");
}

TEST_F(RouterTest, RedirectsAPathThatIsNearlyRight) {
  EXPECT_EQ(ask(Method::kGet, "/api/v1/agents"), "301 ../../api/v1/agents/");
  EXPECT_EQ(ask(Method::kGet, "/api/v1/ping/"), "301 ../../../api/v1/ping");
  EXPECT_EQ(ask(Method::kPost, "/API/v1//PING"), "307 ../../../api/v1/ping");
  EXPECT_EQ(ask(Method::kGet, "/API/v1/agents/A b"), "301 ../../../api/v1/agents/A%20b");
  EXPECT_EQ(ask(Method::kGet, "/api/v1/agents/x/"), "301 ../../../../api/v1/agents/x");
}

TEST_F(RouterTest, CountsTheSlashesThatTheClientSees) {
  EXPECT_EQ(ask(Method::kGet, "/api/v1//ping", "/api%2Fv1//ping"), "301 ../../api/v1/ping");
  EXPECT_EQ(ask(Method::kGet, "/api/v1/ping/", "http://host:1/api/v1/ping/"),
            "301 ../../../api/v1/ping");
  router_.add(Method::kGet, "/metrics", [](const Request&) { return Response(); });
  EXPECT_EQ(ask(Method::kGet, "/Metrics", "/Metrics"), "301 ./metrics");
}

TEST_F(RouterTest, KnowsNothingElse) {
  EXPECT_EQ(ask(Method::kGet, "/"), "404");
  EXPECT_EQ(ask(Method::kGet, "/api/v1/agents/a/b"), "404");
  EXPECT_EQ(ask(Method::kOther, "/nothing"), "404");
}

}  // namespace
}  // namespace meshcheck::http
