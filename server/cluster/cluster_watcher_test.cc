#include "server/cluster/cluster_watcher.h"

#include <gtest/gtest.h>

#include "lib/testing/fake_kube_api.h"
#include "lib/testing/loop.h"

namespace meshcheck::server {
namespace {

using kube::FakeApi;
using std::chrono::milliseconds;

std::string pod(const std::string& name, const std::string& version = "7",
                const std::string& more = "") {
  return R"({"metadata":{"namespace":"net","name":")" + name + R"(","uid":"uid-)" + name +
         R"(","resourceVersion":")" + version + "\"" + more +
         R"(},"spec":{"nodeName":"n1"},"status":)" +
         R"({"phase":"Running","startTime":"2020-01-01T00:00:00Z",)" +
         R"("conditions":[{"type":"Ready","status":"True"}]}})";
}

std::string node(const std::string& version, bool cordoned) {
  return R"({"metadata":{"name":"n1","uid":"u","resourceVersion":")" + version +
         R"(","labels":{"topology.kubernetes.io/zone":"east"}},"spec":{"unschedulable":)" +
         (cordoned ? "true" : "false") +
         R"(},"status":{"conditions":[{"type":"Ready","status":"True"}]}})";
}

class ClusterWatcherTest : public testing::Test {
 protected:
  ClusterWatcherTest() {
    make_api();
    config_.selector = "app=agent";
    EXPECT_TRUE(config_.check());
    options_.reflector.retry_min = milliseconds(5);
    options_.reflector.retry_max = milliseconds(40);
    options_.reflector.healthy_after = milliseconds(0);
    options_.reflector.open_after = milliseconds(20);
    options_.change_delay = milliseconds(1);
    options_.status_period = milliseconds(5);
  }

  void make_api(const std::string& endpoint = "127.0.0.1:0") {
    api_.emplace(loop_, endpoint);
    api_->selects = false;
    api_->put("/api/v1/namespaces/net/pods", pod("a"));
    api_->put("/api/v1/namespaces/net/pods", pod("b"));
    api_->put("/api/v1/nodes", node("1", false));
  }
  void start() {
    kube::Config where;
    where.server = api_->url();
    where.token = "token";
    where.default_namespace = "net";
    watcher_.emplace(ClusterWatcher::Owner{loop_, Membership(table_, mesh_), status_,
                                           Log({.level = Log::Level::kError})},
                     where, config_, options_);
  }
  bool wait_for(const std::function<bool()>& done) { return uv::run_until(loop_, done); }
  bool wait_for_expected(const std::vector<std::string>& names) {
    const bool done = wait_for([&] { return expected() == names; });
    EXPECT_EQ(expected(), names);
    return done;
  }
  // Absent, since nobody reports here.
  std::vector<std::string> expected() {
    return table_.with([](const AgentTable& table) { return table.check(now()).absent; });
  }
  std::string zone_of(const std::string& agent) {
    return mesh_.with([&](const mesh::Mesh& mesh) {
      const auto zone = mesh.assigner.zones().find(agent);
      return zone == mesh.assigner.zones().end() ? "" : zone->second;
    });
  }
  ClusterStatus status() {
    return status_.with([](const ClusterStatus& known) { return known; });
  }
  bool wait_for_watches() {
    return wait_for([&] {
      const ClusterStatus known = status();
      return known.synced() && !known.cut_off_since() && api_->watched("/pods") &&
             api_->watched("/nodes");
    });
  }

  uv::Loop loop_;
  std::optional<FakeApi> api_;
  Guarded<AgentTable> table_{AgentTable::Options()};
  Guarded<mesh::Mesh> mesh_{mesh::Mesh::Options()};
  Guarded<ClusterStatus> status_;
  ClusterConfig config_;
  ClusterWatcher::Options options_;
  std::optional<ClusterWatcher> watcher_;
};

TEST_F(ClusterWatcherTest, NoticesAnApiThatFallsSilentBehindItsWatches) {
  options_.pulse = {.period = milliseconds(10), .timeout = milliseconds(50)};
  start();
  ASSERT_TRUE(wait_for_watches());
  EXPECT_TRUE(wait_for([&] { return api_->count("GET /version") >= 2; }));
  EXPECT_FALSE(status().cut_off_since());
  const Clock::time_point before = loop_.now();
  api_->silent = true;
  EXPECT_TRUE(wait_for([&] { return status().pulse.silent_since.has_value(); }));
  EXPECT_GE(*status().cut_off_since() + milliseconds(1), before);
  EXPECT_NE(status().trouble(), "");
  api_->silent = false;
  EXPECT_TRUE(wait_for([&] { return !status().cut_off_since(); }));
  EXPECT_EQ(status().trouble(), "");
}

TEST_F(ClusterWatcherTest, ExpectsThePodsThatAreThere) {
  start();
  EXPECT_FALSE(status().synced());
  ASSERT_TRUE(wait_for_expected({"a", "b"}));
  ASSERT_TRUE(wait_for_watches());
  EXPECT_TRUE(wait_for([&] { return zone_of("a") == "east"; }));
  EXPECT_EQ(status().where, "namespace net");
  EXPECT_EQ(status().followed[0].objects, 2U);
  api_->tell_to("/pods", FakeApi::event("DELETED", pod("a")));
  EXPECT_TRUE(wait_for_expected({"b"}));
  api_->tell_to("/pods", FakeApi::event("MODIFIED", pod("b", "8", R"(,"deletionTimestamp":"x")")));
  EXPECT_TRUE(wait_for_expected({}));
}

TEST_F(ClusterWatcherTest, TellsOfCordonedNodes) {
  start();
  ASSERT_TRUE(wait_for_watches());
  api_->tell_to("/nodes", FakeApi::event("MODIFIED", node("2", true)));
  EXPECT_TRUE(wait_for([&] { return status().excuses.contains("n1"); }));
  EXPECT_EQ(expected().size(), 0U) << "nobody is missed there";
}

TEST_F(ClusterWatcherTest, KeepsWhatItKnewWhileTheApiIsAway) {
  start();
  ASSERT_TRUE(wait_for_expected({"a", "b"}));
  ASSERT_TRUE(wait_for_watches());
  const std::string endpoint = api_->endpoint().text();
  api_->cut_all();
  api_.reset();
  ASSERT_TRUE(wait_for([&] { return status().followed[0].cut_off_since.has_value(); }));
  EXPECT_NE(status().trouble().find("cannot be reached"), std::string::npos) << status().trouble();
  EXPECT_EQ(expected().size(), 2U);
  EXPECT_TRUE(status().ready(Clock::now()));
  make_api(endpoint);
  EXPECT_TRUE(wait_for([&] { return !status().cut_off_since(); }));
  EXPECT_EQ(status().trouble(), "");
}

TEST_F(ClusterWatcherTest, SaysWhichRightIsMissing) {
  const std::string refusal =
      FakeApi::answer(403, R"({"kind":"Status","message":"no","code":403})");
  api_->next_answers.assign(100, refusal);
  start();
  ASSERT_TRUE(wait_for([&] { return !status().followed[0].why.empty(); }));
  EXPECT_NE(status().trouble().find("forbids us to list pods in namespace net (403)"),
            std::string::npos)
      << status().trouble();
  EXPECT_FALSE(status().synced());
  api_->next_answers.clear();
  EXPECT_TRUE(wait_for_expected({"a", "b"}));
}

TEST_F(ClusterWatcherTest, FollowsEachSelectorAndCountsAPodOnce) {
  config_.selector = "app=agent; app in (other) ;app=agent;";
  ASSERT_TRUE(config_.check());
  EXPECT_EQ(config_.selectors, (std::vector<std::string>{"app=agent", "app in (other)"}));
  start();
  ASSERT_TRUE(wait_for_expected({"a", "b"}));
  EXPECT_EQ(status().followed[0].objects, 2U);
  EXPECT_GE(status().followed[0].lists, 2U);
}

TEST(ClusterConfigTest, NamesTheFlagThatIsWrong) {
  const auto error = [](const std::string& selector, const std::string& name_space) {
    ClusterConfig config;
    config.selector = selector;
    config.name_space = name_space;
    const auto checked = config.check();
    return checked ? "" : checked.error().message();
  };
  EXPECT_EQ(error("a=b", "*"), "");
  EXPECT_EQ(error(" ; ", ""), "-agent-selector: there is no selector in it");
  EXPECT_EQ(error("a;b;c;d;e;f;g;h;i", "").find("-agent-selector: at most 8"), 0U);
  EXPECT_EQ(error("a=b", "X/y"), "-agent-namespace: X/y is no name of a namespace");
  EXPECT_EQ(ClusterConfig().check().has_value(), true);
}

}  // namespace
}  // namespace meshcheck::server
