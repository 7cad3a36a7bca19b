#include "lib/kube/watch.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>
#include <set>

#include "lib/kube/token_review.h"
#include "lib/testing/fake_kube_api.h"
#include "lib/testing/loop.h"

namespace meshcheck::kube {
namespace {

using std::chrono::milliseconds;

class WatchTest : public testing::Test {
 protected:
  WatchTest() {
    make_api();
    options_.retry_min = milliseconds(5);
    options_.retry_max = milliseconds(40);
    options_.healthy_after = milliseconds(0);
    options_.open_after = milliseconds(20);
  }

  void make_api(const std::string& endpoint = "127.0.0.1:0") {
    api_.emplace(loop_, endpoint);
    api_->selects = false;
  }
  // Only these are there, each in this version.
  void put(const std::map<std::string, std::string>& pods) {
    api_->objects.clear();
    for (const auto& [name, version] : pods) api_->put("/api/v1/pods", api_->object(name, version));
  }
  void start() {
    Config config;
    config.server = api_->url();
    config.token = "secret-token";
    client_.emplace(loop_, http_, config);
    Watch::Handlers handlers = Watch::handlers<AnyObject>(
        [this](const AnyObject& object) {
          seen_.insert(object.identity.name);
          told_ += "+" + object.identity.name + " ";
        },
        [this](const Identity& identity) {
          seen_.erase(identity.name);
          told_ += "-" + identity.name + " ";
        },
        [this] { told_ += watch_->status().cut_off_since ? "cut-off " : "fine "; });
    watch_.emplace(*client_, ResourceList{.resource = "pods", .label_selector = "app in (a,b)"},
                   options_, std::move(handlers));
  }
  bool wait_for(const std::function<bool()>& done) { return uv::run_until(loop_, done); }
  bool wait_for_watch() {
    return wait_for([this] { return api_->watched() && watch_->status().synced; });
  }
  bool wait_for_told(const std::string& told) {
    const bool done = wait_for([&] { return told_ == told; });
    EXPECT_EQ(told_, told);
    return done;
  }
  std::string why() const { return watch_->status().why; }

  uv::Loop loop_;
  http::Client http_{loop_, {.connections_max = 4}};
  std::optional<FakeApi> api_;
  Reflector::Options options_;
  std::optional<Client> client_;
  std::set<std::string> seen_;
  std::string told_;
  std::optional<Watch> watch_;
};

TEST_F(WatchTest, ListsPageByPageAndFollowsChanges) {
  put({{"a", "1"}, {"b", "2"}, {"c", "3"}});
  api_->page_size = 2;
  start();
  ASSERT_TRUE(wait_for_watch());
  ASSERT_EQ(api_->targets.size(), 3U);
  const std::string path = "/api/v1/pods?labelSelector=app%20in%20%28a%2Cb%29&";
  EXPECT_EQ(api_->targets[0], path + "limit=500");
  EXPECT_EQ(api_->targets[1], path + "limit=500&continue=2");
  EXPECT_EQ(api_->targets[2].find(path + "watch=true&allowWatchBookmarks=true&timeoutSeconds="),
            0U);
  EXPECT_NE(api_->targets[2].find("&resourceVersion=100"), std::string::npos);
  EXPECT_NE(api_->texts[0].find("Authorization: Bearer secret-token\r\n"), std::string::npos);
  told_.clear();
  api_->tell(FakeApi::event("ADDED", FakeApi::object("d", "101")) +
             FakeApi::event("MODIFIED", FakeApi::object("a", "102")) +
             FakeApi::event("DELETED", FakeApi::object("b", "103")));
  EXPECT_TRUE(wait_for_told("+d +a -b "));
  EXPECT_EQ(watch_->status().events, 3U);
}

TEST_F(WatchTest, GoesOnFromABookmarkWhenTheApiEndsAWatch) {
  options_.open_after = milliseconds(0);
  start();
  ASSERT_TRUE(wait_for_watch());
  api_->tell(FakeApi::event("BOOKMARK", R"({"metadata":{"resourceVersion":"150"}})"));
  ASSERT_TRUE(wait_for([this] { return watch_->status().events == 1; }));
  api_->end_watch();
  ASSERT_TRUE(wait_for_watch());
  EXPECT_NE(api_->targets.back().find("&resourceVersion=150"), std::string::npos);
  EXPECT_EQ(api_->targets.size(), 3U) << "no list, no probe";
}

TEST_F(WatchTest, ListsAgainWhenTheApiHasForgottenAndSaysWhoIsGone) {
  put({{"a", "1"}, {"b", "2"}});
  for (const bool by_status : {false, true}) {
    start();
    ASSERT_TRUE(wait_for_watch());
    put({{"a", "1"}, {"c", "3"}});
    told_.clear();
    if (by_status) {
      // To the probe, and to the watch behind it.
      api_->next_answers = {FakeApi::answer(200, "{}"),
                            FakeApi::answer(410, R"({"message":"too old"})")};
      api_->cut_all();
      EXPECT_TRUE(wait_for_told("cut-off +c -b fine "));
    } else {
      api_->tell(FakeApi::event("ERROR", R"({"code":410,"message":"too old resource version"})"));
      EXPECT_TRUE(wait_for_told("+c -b "));
    }
    EXPECT_EQ(seen_, (std::set<std::string>{"a", "c"}));
    ASSERT_TRUE(wait_for_watch());
    watch_.reset();
    told_.clear();
    seen_.clear();
    api_->cut_all();
    put({{"a", "1"}, {"b", "2"}});
  }
}

TEST_F(WatchTest, LosesNothingWhenTheConnectionIsCutInsideAnEvent) {
  put({{"a", "1"}});
  start();
  ASSERT_TRUE(wait_for_watch());
  ASSERT_TRUE(wait_for_told("+a fine "));
  const std::string event = FakeApi::event("ADDED", FakeApi::object("b", "101"));
  api_->tell(event + event.substr(0, 20));
  ASSERT_TRUE(wait_for([this] { return seen_.contains("b"); }));
  api_->cut_all();
  ASSERT_TRUE(wait_for([this] { return watch_->status().cut_off_since.has_value(); }));
  EXPECT_EQ(seen_.size(), 2U) << "what was known is kept";
  ASSERT_TRUE(wait_for_watch());
  EXPECT_NE(api_->targets.back().find("&resourceVersion=101"), std::string::npos);
  EXPECT_TRUE(wait_for_told("+a fine +b cut-off fine "));
}

TEST_F(WatchTest, NamesTheRuleThatIsMissingAndRecovers) {
  api_->next_answers = {FakeApi::answer(403, R"({"message":"pods is forbidden"})"),
                        FakeApi::answer(403, R"({"message":"pods is forbidden"})")};
  start();
  ASSERT_TRUE(wait_for([this] { return watch_->status().cut_off_since.has_value(); }));
  EXPECT_FALSE(watch_->status().synced);
  EXPECT_EQ(
      why().find("the Kubernetes API forbids us to list pods (403); missing is a ClusterRole"), 0U)
      << why();
  ASSERT_TRUE(wait_for([this] { return watch_->status().synced && why().empty(); }));
  EXPECT_EQ(told_, "cut-off cut-off fine ") << "forbidden, listed, watched";
}

TEST_F(WatchTest, ListsAgainAfterGarbage) {
  put({{"a", "1"}});
  start();
  ASSERT_TRUE(wait_for_watch());
  api_->tell("<html>\n");
  ASSERT_TRUE(wait_for([this] { return watch_->status().cut_off_since.has_value(); }));
  EXPECT_NE(why().find("makes no sense: an event is not JSON"), std::string::npos) << why();
  ASSERT_TRUE(wait_for([this] { return watch_->status().lists == 2 && why().empty(); }));
}

TEST_F(WatchTest, TakesNoListThatIsNone) {
  api_->next_answers = {FakeApi::answer(200, "<html>"), FakeApi::answer(200, "{\"items\":[]}"),
                        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"metadata\"", ""};
  start();
  ASSERT_TRUE(wait_for([this] { return api_->targets.size() == 3; }));
  EXPECT_FALSE(watch_->status().synced);
  api_->cut_all();
  ASSERT_TRUE(wait_for([this] { return api_->targets.size() == 4; }));
  api_->cut_all();
  ASSERT_TRUE(wait_for_watch());
}

TEST_F(WatchTest, ReadsAnApiThatSpeaksByteByByte) {
  start();
  ASSERT_TRUE(wait_for_watch());
  for (const char c : FakeApi::event("ADDED", FakeApi::object("a", "101"))) {
    api_->tell(std::string(1, c));
    loop_.run_once();
  }
  EXPECT_TRUE(wait_for([this] { return seen_.contains("a"); }));
}

TEST_F(WatchTest, NoticesAnApiThatIsSilent) {
  options_.watch_timeout = std::chrono::seconds(1);
  options_.watch_lateness = std::chrono::seconds(0);
  start();
  ASSERT_TRUE(wait_for_watch());
  const auto since = loop_.now();
  ASSERT_TRUE(wait_for([this] { return watch_->status().cut_off_since.has_value(); }));
  EXPECT_LE(*watch_->status().cut_off_since, since + milliseconds(900)) << "as long as the silence";
  ASSERT_TRUE(wait_for([this] { return why().empty(); }));
}

TEST_F(WatchTest, WaitsForAnApiThatIsNotThereYet) {
  const std::string endpoint = api_->endpoint().text();
  start();
  api_.reset();
  ASSERT_TRUE(wait_for([this] { return watch_->status().cut_off_since.has_value(); }));
  EXPECT_EQ(why().find("the Kubernetes API cannot be reached to list pods: "), 0U) << why();
  EXPECT_EQ(why().find("secret-token"), std::string::npos);
  make_api(endpoint);
  EXPECT_TRUE(wait_for_watch());
}

TEST_F(WatchTest, LeavesOutAnObjectThatItCannotRead) {
  start();
  watch_.emplace(*client_, ResourceList{.resource = "pods"}, options_,
                 Watch::handlers<Pod>([](const Pod&) {}, [](const Identity&) {}, [] {}));
  ASSERT_TRUE(wait_for_watch());
  api_->tell(FakeApi::event(
      "ADDED", R"({"metadata":{"name":"a","resourceVersion":"5"},"spec":{"hostNetwork":"x"}})"));
  ASSERT_TRUE(wait_for([this] { return watch_->status().objects_unreadable == 1; }));
  EXPECT_EQ(why(), "an object cannot be read: a: spec.hostNetwork: true or false is expected");
  EXPECT_FALSE(watch_->status().cut_off_since);
}

TEST_F(WatchTest, IsSilentWhenItIsDestroyed) {
  start();
  ASSERT_TRUE(wait_for_watch());
  const std::string told = told_;
  watch_.reset();
  api_->tell(FakeApi::event("ADDED", FakeApi::object("a", "101")));
  loop_.run_once();
  EXPECT_EQ(told_, told);
}

TEST_F(WatchTest, HasPathsForAllSortsOfObjects) {
  const ResourceList custom{
      .group = "meshcheck.io", .version = "v1beta1", .resource = "downtimes", .name_space = "net"};
  EXPECT_EQ(custom.path(), "/apis/meshcheck.io/v1beta1/namespaces/net/downtimes");
  EXPECT_EQ(
      (ResourceList{.resource = "nodes", .label_selector = "a=b", .field_selector = "c"}.path()),
      "/api/v1/nodes?labelSelector=a%3Db&fieldSelector=c");
}

TEST_F(WatchTest, ItsClientReviewsTokens) {
  start();
  watch_.reset();
  api_->next_answers = {
      FakeApi::answer(201, R"({"status":{"authenticated":true,"audiences":["meshcheck"],)"
                           R"("user":{"username":"system:serviceaccount:net:agent"}}})"),
      FakeApi::answer(403, R"({"message":"no"})")};
  std::optional<Result<TokenReview>> review;
  const auto ask = [&] {
    review.reset();
    const auto call = review_token(*client_, "a.b.c", {"meshcheck"},
                                   [&](Result<TokenReview> told) { review = std::move(told); });
    ASSERT_TRUE(call);
    ASSERT_TRUE(wait_for([&] { return review.has_value(); }));
  };
  ask();
  ASSERT_TRUE(*review);
  EXPECT_EQ((*review)->service_account, "agent");
  EXPECT_EQ(api_->texts[0].find("POST /apis/authentication.k8s.io/v1/tokenreviews HTTP/1.1\r\n"),
            0U);
  EXPECT_NE(api_->texts[0].find(R"("token":"a.b.c")"), std::string::npos);
  ask();
  ASSERT_FALSE(*review);
  EXPECT_NE(review->error().message().find("verbs [\"create\"]"), std::string::npos);
}

}  // namespace
}  // namespace meshcheck::kube
