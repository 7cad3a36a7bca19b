#include "checks/kube/garbage.h"

#include "checks/kube/kube_testing.h"

namespace meshcheck::checks {
namespace {

class KubeGarbageTest : public KubeChecksFixture {
 protected:
  void add(const std::string& path, std::chrono::minutes age,
           const std::string& labels = R"({"heritage": "meshcheck", "meshcheck.io/agent": "x"})") {
    json& object = api_.objects[path];
    object["metadata"]["name"] = path.substr(path.rfind('/') + 1);
    object["metadata"]["creationTimestamp"] = format_rfc3339(WallClock::now() - age);
    object["metadata"]["labels"] = json::parse(labels);
  }
  void sweep() {
    KubeGarbage garbage(context_, {.resources = garbage_resources("net")});
    garbage.sweep();
    EXPECT_TRUE(uv::run_until(loop_, [&] { return !garbage.sweeping(); }));
    counters_ = garbage.counters();
  }

  KubeGarbage::Counters counters_;
  static constexpr std::chrono::minutes kOld{11};
};

TEST_F(KubeGarbageTest, DeletesOldObjectsOfAllItsKinds) {
  add(net_ + "configmaps/a", kOld);
  add(net_ + "pods/b", kOld);
  add("/apis/apps/v1/namespaces/net/statefulsets/c", kOld);
  add("/api/v1/namespaces/d", kOld);
  sweep();
  EXPECT_TRUE(api_.objects.empty());
  EXPECT_EQ(counters_.deleted, 4U);
}

TEST_F(KubeGarbageTest, LeavesWhatIsYoungEndingOrNotOurs) {
  add(net_ + "pods/young", std::chrono::minutes(9));
  add(net_ + "pods/ending", kOld);
  api_.objects[net_ + "pods/ending"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  add(net_ + "pods/of-a-chart", kOld, R"({"heritage": "meshcheck"})");
  add(net_ + "pods/foreign", kOld, R"({"heritage": "Helm", "meshcheck.io/agent": "x"})");
  sweep();
  EXPECT_EQ(api_.count("DELETE"), 0U);
}

TEST_F(KubeGarbageTest, DeletesAtMostTenOfAKind) {
  for (int i = 0; i < 12; ++i) add(net_ + "pods/p" + std::to_string(i), kOld);
  sweep();
  EXPECT_EQ(api_.objects.size(), 2U);
  sweep();
  EXPECT_TRUE(api_.objects.empty());
}

TEST_F(KubeGarbageTest, GoesOnWithTheNextKindWhenOneFails) {
  add(net_ + "configmaps/a", kOld);
  add(net_ + "pods/b", kOld);
  api_.fail("DELETE " + net_ + "configmaps", 500);
  sweep();
  EXPECT_EQ(counters_.failures, 1U);
  EXPECT_EQ(counters_.deleted, 1U);
  EXPECT_EQ(api_.objects.size(), 1U);
}

TEST_F(KubeGarbageTest, SweepsEachInterval) {
  KubeGarbage garbage(context_,
                      {.resources = garbage_resources("net"), .interval = Milliseconds(5)});
  garbage.start();
  add(net_ + "pods/b", kOld);
  EXPECT_TRUE(uv::run_until(loop_, [&] { return api_.objects.empty(); }));
  EXPECT_TRUE(uv::run_until(loop_, [&] { return garbage.counters().sweeps >= 3; }));
}

}  // namespace
}  // namespace meshcheck::checks
