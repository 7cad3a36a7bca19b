#include "server/api.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

class ApiTest : public ::testing::Test {
 protected:
  // "status body"
  std::string get(const std::string& path) {
    http::Request request;
    request.method = http::Method::kGet;
    request.path = path;
    const http::Response response = api_.router().answer(request);
    return std::to_string(response.status) + " " + response.body;
  }

  static void say(Guarded<store::WriteStatus>& status, const std::string& trouble) {
    status.with([&](store::WriteStatus& held) { held.trouble = trouble; });
  }

  Parts parts_{{}};
  metrics::Registry registry_;
  Api api_{parts_, registry_, Log()};
};

TEST_F(ApiTest, SaysAllThatIsWrongWhileItIsReady) {
  EXPECT_EQ(get("/readyz"), "200 ok\n");
  say(parts_.store.episodes, "the disk is full");
  EXPECT_EQ(get("/readyz"), "200 ok, but episodes cannot be written: the disk is full\n");
  say(parts_.store.reports, "no space");
  EXPECT_EQ(get("/readyz"),
            "200 ok, but reports cannot be written: no space; "
            "and episodes cannot be written: the disk is full\n");
  say(parts_.store.episodes, "");
  EXPECT_EQ(get("/readyz"), "200 ok, but reports cannot be written: no space\n");
}

TEST_F(ApiTest, IsNotReadyWhileItStops) {
  parts_.draining = true;
  EXPECT_EQ(get("/readyz").substr(0, 3), "503");
}

}  // namespace
}  // namespace meshcheck::server
