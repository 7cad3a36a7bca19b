#include "server/cluster/pod_objects.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace meshcheck::server {
namespace {

using nlohmann::json;

const std::vector<json> kNone;

std::vector<json> list(const std::string& items) {
  return json::parse("[" + items + "]").get<std::vector<json>>();
}

std::string pod(const std::string& node, const std::string& ready, const std::string& more = "") {
  return R"({"metadata":{"name":"s-a-0","creationTimestamp":"2026-11-21T10:00:00Z")" + more +
         R"(},"spec":{"nodeName":")" + node +
         R"("},"status":{"conditions":[{"type":"Ready","status":")" + ready +
         R"(","lastTransitionTime":"2026-11-21T10:00:05Z"}]}})";
}

TEST(PodObjectsTest, AnInstanceIsWhereItsPodIsUntilItIsMoved) {
  const auto cluster =
      read_cluster({list(R"({"metadata":{"name":"s-a"}})"), list(pod("n1", "True")), kNone, kNone});
  ASSERT_TRUE(cluster) << cluster.error().message();
  ASSERT_EQ(cluster->instances.size(), 1U);
  const auto& instance = cluster->instances[0];
  EXPECT_EQ(instance.node, "n1");
  EXPECT_FALSE(instance.assigned);
  ASSERT_TRUE(instance.pod);
  EXPECT_TRUE(instance.pod->ready);
  EXPECT_EQ(format_rfc3339(instance.pod->ready_changed), "2026-11-21T10:00:05Z");
  EXPECT_FALSE(cluster->disruptions_allowed);
}

TEST(PodObjectsTest, AnInstanceThatWasMovedIsWhereItWasSent) {
  const WallTime now{std::chrono::seconds(1'700'000'000)};
  json set = assignment_patch("n2", now);
  set["metadata"]["name"] = "s-a";
  const auto cluster = read_cluster({list(set.dump()), list(pod("n1", "False")), kNone, kNone});
  ASSERT_TRUE(cluster);
  const auto& instance = cluster->instances[0];
  EXPECT_EQ(instance.node, "n2");
  EXPECT_EQ(instance.assigned, now);
  EXPECT_FALSE(instance.pod->ready);
}

TEST(PodObjectsTest, WhatIsBeingDeletedIsNotThere) {
  const std::string going = R"(,"deletionTimestamp":"2026-11-21T10:01:00Z")";
  const auto cluster =
      read_cluster({list(R"({"metadata":{"name":"s-a"}})"), list(pod("n1", "True", going)),
                    list(R"({"metadata":{"name":"disk-s-a-0")" + going + "}}"), kNone});
  ASSERT_TRUE(cluster);
  EXPECT_FALSE(cluster->instances[0].pod);
  EXPECT_TRUE(cluster->instances[0].volume_ends);
}

TEST(PodObjectsTest, TheStrictestBudgetCounts) {
  const auto budget = [](int allowed) {
    return R"({"metadata":{"name":"b"},"status":{"disruptionsAllowed":)" + std::to_string(allowed) +
           "}}";
  };
  const auto cluster = read_cluster({kNone, kNone, kNone, list(budget(1) + "," + budget(0))});
  ASSERT_TRUE(cluster);
  EXPECT_EQ(cluster->disruptions_allowed, 0);
}

TEST(PodObjectsTest, NonsenseIsAnError) {
  for (const std::string bad : {"7", "{}", "[]", R"({"metadata":{"name":7}})"}) {
    EXPECT_FALSE(read_cluster({list(bad), kNone, kNone, kNone})) << bad;
    EXPECT_FALSE(read_cluster({kNone, kNone, kNone, list(bad)})) << bad;
  }
}

TEST(PodObjectsTest, ThePatchKeepsAllElse) {
  const json patch = assignment_patch("n2", WallTime{});
  EXPECT_EQ(patch["metadata"]["annotations"]["meshcheck.io/node"], "n2");
  EXPECT_EQ(patch["spec"]["template"]["spec"].size(), 1U);
  EXPECT_EQ(patch["spec"]["template"]["spec"]["affinity"].size(), 1U);
}

}  // namespace
}  // namespace meshcheck::server
