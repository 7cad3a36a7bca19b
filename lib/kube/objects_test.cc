#include "lib/kube/objects.h"

#include <gtest/gtest.h>

namespace meshcheck::kube {
namespace {

template <typename Object>
Result<Object> read(const std::string& json) {
  simdjson::dom::parser parser;
  return decode<Object>(parser.parse(json));
}

TEST(PodTest, HasWhatTheServerNeeds) {
  const auto pod = read<Pod>(R"({
    "metadata": {"namespace": "net", "name": "agent-x", "uid": "u1", "resourceVersion": "5",
      "labels": {"app": "agent", "empty": ""}, "deletionTimestamp": "2026-11-21T01:00:00Z"},
    "spec": {"nodeName": "worker-1", "hostNetwork": true, "containers": [{"name": "a"}]},
    "status": {"phase": "Running", "podIP": "10.0.0.1", "startTime": "2026-11-21T00:00:00Z",
      "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}],
      "conditions": [{"type": "Initialized", "status": "False"},
                     {"type": "Ready", "status": "True"}]}})");
  ASSERT_TRUE(pod) << pod.error().message();
  EXPECT_EQ(pod->identity, (Identity{"net", "agent-x", "u1"}));
  EXPECT_EQ(pod->node, "worker-1");
  EXPECT_EQ(pod->labels, (std::map<std::string, std::string>{{"app", "agent"}, {"empty", ""}}));
  EXPECT_EQ(pod->phase, "Running");
  EXPECT_TRUE(pod->ready);
  EXPECT_TRUE(pod->terminating);
  EXPECT_TRUE(pod->host_network);
  ASSERT_EQ(pod->addresses.size(), 2U);
  EXPECT_EQ(pod->addresses[1].text(), "fd00::1");
  ASSERT_TRUE(pod->started);
  EXPECT_EQ(format_rfc3339(*pod->started), "2026-11-21T00:00:00Z");
}

TEST(PodTest, MayBeHardlyThere) {
  const auto pod = read<Pod>(
      R"({"metadata": {"name": "x", "labels": null}, "status": {"podIP": "", "conditions": null}})");
  ASSERT_TRUE(pod) << pod.error().message();
  EXPECT_FALSE(pod->ready);
  EXPECT_FALSE(pod->terminating);
  EXPECT_TRUE(pod->addresses.empty());
  EXPECT_FALSE(pod->started);
}

TEST(PodTest, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(read<Pod>("{}").error().message(), "metadata.name: a text is expected");
  EXPECT_EQ(read<Pod>("[]").error().message(), "an object is expected");
  EXPECT_EQ(
      read<Pod>(R"({"metadata": {"name": "x"}, "spec": {"hostNetwork": 1}})").error().message(),
      "spec.hostNetwork: true or false is expected");
  EXPECT_EQ(read<Pod>(R"({"metadata": {"name": "x", "labels": {"a": 1}}})").error().message(),
            "metadata.labels.a: a text of at most 1024 bytes is expected");
  EXPECT_EQ(read<Pod>(R"({"metadata": {"name": "x"}, "status": {"podIP": "x"}})").error().message(),
            "status.podIP: an address is expected");
  EXPECT_EQ(
      read<Pod>(R"({"metadata": {"name": "x"}, "status": {"startTime": "x"}})").error().message(),
      "status.startTime: a time as in RFC 3339 is expected");
}

TEST(NodeTest, HasWhatTheServerNeeds) {
  const auto node = read<Node>(R"({
    "metadata": {"name": "worker-1", "uid": "u2", "resourceVersion": "5",
      "labels": {"topology.kubernetes.io/zone": "east",
                 "failure-domain.beta.kubernetes.io/zone": "old"}},
    "spec": {"unschedulable": true, "podCIDR": "10.244.1.0/24",
      "podCIDRs": ["10.244.1.0/24", "fd00:1::/64"],
      "taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]},
    "status": {"addresses": [{"type": "Hostname", "address": "worker-1"},
                             {"type": "InternalIP", "address": "192.0.2.1"}],
      "conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown",
                      "lastTransitionTime": "2026-11-21T01:02:03Z"}]}})");
  ASSERT_TRUE(node) << node.error().message();
  EXPECT_EQ(node->identity, (Identity{"", "worker-1", "u2"}));
  EXPECT_FALSE(node->ready);
  EXPECT_EQ(node->ready_reason, "NodeStatusUnknown");
  EXPECT_EQ(format_rfc3339(node->ready_since.value()), "2026-11-21T01:02:03Z");
  EXPECT_TRUE(node->unschedulable);
  ASSERT_EQ(node->taints.size(), 1U);
  EXPECT_EQ(node->taints[0], (Taint{"node.kubernetes.io/unschedulable", "", "NoSchedule"}));
  EXPECT_EQ(node->zone, "east");
  ASSERT_EQ(node->addresses.size(), 1U);
  EXPECT_EQ(node->addresses[0].text(), "192.0.2.1");
  EXPECT_EQ(node->pod_cidrs, (std::vector<std::string>{"10.244.1.0/24", "fd00:1::/64"}));
}

TEST(NodeTest, FallsBackToTheOldLabelOfItsZone) {
  EXPECT_EQ(read<Node>(R"({"metadata": {"name": "a",
                           "labels": {"failure-domain.beta.kubernetes.io/zone": "old"}}})")
                ->zone,
            "old");
  EXPECT_EQ(read<Node>(R"({"metadata": {"name": "a"}, "spec": {"podCIDR": "10.0.0.0/24"}})")
                ->pod_cidrs.at(0),
            "10.0.0.0/24");
}

TEST(AnyObjectTest, IsItsJson) {
  const auto object = read<AnyObject>(
      R"({ "kind": "Downtime", "metadata": {"name": "x", "namespace": "y"}, "spec": {"a": [1, 2]} })");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->identity, (Identity{"y", "x", ""}));
  EXPECT_EQ(object->json,
            R"({"kind":"Downtime","metadata":{"name":"x","namespace":"y"},"spec":{"a":[1,2]}})");
}

}  // namespace
}  // namespace meshcheck::kube
