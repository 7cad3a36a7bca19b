#include "checks/kube/daemon_set_rule.h"

#include <gtest/gtest.h>

namespace meshcheck::checks {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class KubeDaemonSetRuleTest : public testing::Test {
 protected:
  // With a node n1 that has been ready for a day, unless it is told otherwise.
  sla::Status judge(const json& node_patch, const json& pod_patch) {
    KubeDaemonSetRule rule(daemon_set_, now_);
    if (!pod_patch.is_null()) {
      json pod = json::parse(R"({"metadata": {"ownerReferences": [{"uid": "u1"}],
        "creationTimestamp": "2026-11-01T00:00:00Z"}, "spec": {"nodeName": "n1"},
        "status": {"phase": "Running"}})");
      pod.merge_patch(pod_patch);
      rule.add_pod(pod);
    }
    json node = json::parse(R"({"metadata": {"name": "n1", "labels": {"disk": "ssd"}},
      "status": {"conditions": [{"type": "Ready", "status": "True",
                                 "lastTransitionTime": "2026-11-20T12:00:00Z"}]}})");
    node.merge_patch(node_patch);
    rule.add_node(node);
    return rule.result().status;
  }
  sla::Status judge_pod(const std::string& patch) {
    return judge(json::object(), json::parse(patch));
  }
  sla::Status judge_lonely(const std::string& node_patch) {
    return judge(json::parse(node_patch), nullptr);
  }
  std::string ago(seconds age) const { return "\"" + format_rfc3339(now_ - age) + "\""; }

  static constexpr auto kUp = sla::Status::kUp;
  static constexpr auto kDown = sla::Status::kDown;
  const WallTime now_ = *parse_wall_time("2026-11-21T12:00:00Z");
  json daemon_set_ = json::parse(R"({"metadata": {"name": "exporter", "uid": "u1"}})");
};

TEST_F(KubeDaemonSetRuleTest, WantsAReadyPodOnEachNode) {
  EXPECT_EQ(judge_lonely("{}"), kDown);
  const std::string ready = R"({"status": {"conditions": [{"type": "Ready", "status": "True"}]}})";
  EXPECT_EQ(judge_pod(ready), kUp);
  EXPECT_EQ(judge_pod("{}"), kDown);
  json of_somebody_else = json::parse(ready);
  of_somebody_else["metadata"]["ownerReferences"] = json::parse(R"([{"uid": "u2"}])");
  EXPECT_EQ(judge(json::object(), of_somebody_else), kDown);
}

TEST_F(KubeDaemonSetRuleTest, AllowsAPodAMinuteToStart) {
  EXPECT_EQ(judge_pod(R"({"metadata": {"creationTimestamp": )" + ago(seconds(59)) + "}}"), kUp);
  EXPECT_EQ(judge_pod(R"({"metadata": {"creationTimestamp": )" + ago(seconds(60)) + "}}"), kDown);
  EXPECT_EQ(judge_pod(R"({"status": {"phase": "Failed"}, "metadata": {"creationTimestamp": )" +
                      ago(seconds(1)) + "}}"),
            kDown);
}

TEST_F(KubeDaemonSetRuleTest, AllowsAPodFiveSecondsToStop) {
  // Asked so long ago, with 30 seconds of grace: the timestamp is later.
  const auto stopping = [&](seconds age) {
    return R"({"metadata": {"deletionGracePeriodSeconds": 30, "deletionTimestamp": )" +
           ago(age - seconds(30)) + "}}";
  };
  EXPECT_EQ(judge_pod(stopping(seconds(4))), kUp);
  EXPECT_EQ(judge_pod(stopping(seconds(5))), kDown);
}

TEST_F(KubeDaemonSetRuleTest, CountsNoNodeThatIsNewNotReadyOrCordoned) {
  const auto since = [&](seconds age, const std::string& status) {
    return R"({"status": {"conditions": [{"type": "Ready", "status": ")" + status +
           R"(", "lastTransitionTime": )" + ago(age) + "}]}}";
  };
  EXPECT_EQ(judge_lonely(since(seconds(600), "True")), kUp);
  EXPECT_EQ(judge_lonely(since(seconds(601), "True")), kDown);
  EXPECT_EQ(judge_lonely(since(seconds(6000), "False")), kUp);
  EXPECT_EQ(judge_lonely(R"({"spec": {"unschedulable": true}})"), kUp);
}

TEST_F(KubeDaemonSetRuleTest, CountsNodesWhoseTaintsItTolerates) {
  const std::string tainted =
      R"({"spec": {"taints": [{"key": "only", "value": "a", "effect": "NoSchedule"}]}})";
  const auto tolerate = [&](const std::string& toleration) {
    daemon_set_["spec"]["template"]["spec"]["tolerations"] = json::parse("[" + toleration + "]");
    return judge_lonely(tainted) == kDown;
  };
  EXPECT_EQ(judge_lonely(tainted), kUp);
  EXPECT_TRUE(tolerate(R"({"operator": "Exists"})"));
  EXPECT_TRUE(tolerate(R"({"key": "only", "operator": "Exists"})"));
  EXPECT_TRUE(tolerate(R"({"key": "only", "value": "a"})"));
  EXPECT_TRUE(tolerate(R"({"key": "only", "value": "a", "effect": "NoSchedule"})"));
  EXPECT_FALSE(tolerate(R"({"key": "only", "value": "b"})"));
  EXPECT_FALSE(tolerate(R"({"key": "other", "operator": "Exists"})"));
  EXPECT_FALSE(tolerate(R"({"key": "only", "operator": "Exists", "effect": "NoExecute"})"));
  EXPECT_EQ(judge_lonely(R"({"spec": {"taints": [{"key": "x", "effect": "PreferNoSchedule"},
              {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}]}})"),
            kDown);
}

TEST_F(KubeDaemonSetRuleTest, CountsNodesThatItSelects) {
  daemon_set_["spec"]["template"]["spec"]["nodeSelector"] = {{"disk", "ssd"}};
  EXPECT_EQ(judge_lonely("{}"), kDown);
  daemon_set_["spec"]["template"]["spec"]["nodeSelector"] = {{"disk", "tape"}};
  EXPECT_EQ(judge_lonely("{}"), kUp);
}

}  // namespace
}  // namespace meshcheck::checks
