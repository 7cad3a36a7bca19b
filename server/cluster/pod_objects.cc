#include "server/cluster/pod_objects.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "lib/kube/object_values.h"

namespace meshcheck::server {
namespace {

using kube::text_at;
using kube::value_at;
using nlohmann::json;

constexpr std::string_view kNodeKey = "meshcheck.io/node";
constexpr std::string_view kAssignedKey = "meshcheck.io/assigned";
constexpr const char* kNodePointer = "/metadata/annotations/meshcheck.io~1node";
constexpr const char* kAssignedPointer = "/metadata/annotations/meshcheck.io~1assigned";

std::optional<WallTime> time_at(const json& object, const char* pointer) {
  const auto time = parse_wall_time(text_at(object, pointer));
  return time ? std::optional(*time) : std::nullopt;
}

Result<void> check_names(const std::vector<json>& objects, std::string_view what) {
  for (const json& object : objects) {
    if (text_at(object, "/metadata/name").empty()) {
      return Error("an object among " + std::string(what) + " has no name");
    }
  }
  return {};
}

bool is_going(const json& object) {
  return !text_at(object, "/metadata/deletionTimestamp").empty();
}

std::optional<rescheduling::Pod> read_pod(const json& object) {
  const auto created = time_at(object, "/metadata/creationTimestamp");
  if (!created || is_going(object)) return std::nullopt;
  rescheduling::Pod pod{.created = *created, .ready = false, .ready_changed = *created};
  const json* const conditions = value_at(object, "/status/conditions");
  if (conditions == nullptr || !conditions->is_array()) return pod;
  for (const json& condition : *conditions) {
    if (text_at(condition, "/type") != "Ready") continue;
    pod.ready = text_at(condition, "/status") == "True";
    pod.ready_changed = time_at(condition, "/lastTransitionTime").value_or(*created);
  }
  return pod;
}

}  // namespace

Result<rescheduling::Cluster> read_cluster(const ReschedulingLists& lists) {
  for (const auto& [objects, what] :
       {std::pair(&lists.stateful_sets, "StatefulSets"), std::pair(&lists.pods, "pods"),
        std::pair(&lists.volumes, "claims"), std::pair(&lists.budgets, "PodDisruptionBudgets")}) {
    if (const auto checked = check_names(*objects, what); !checked) return checked.error();
  }
  std::map<std::string, const json*> pods_by_name;
  for (const json& pod : lists.pods) pods_by_name[text_at(pod, "/metadata/name")] = &pod;
  rescheduling::Cluster cluster;
  for (const json& set : lists.stateful_sets) {
    rescheduling::Instance instance{.name = text_at(set, "/metadata/name")};
    std::string node = text_at(set, kNodePointer);
    instance.assigned = time_at(set, kAssignedPointer);
    const auto pod = pods_by_name.find(instance.name + "-0");
    if (pod != pods_by_name.end()) {
      instance.pod = read_pod(*pod->second);
      if (node.empty()) node = text_at(*pod->second, "/spec/nodeName");
    }
    if (!node.empty()) instance.node = std::move(node);
    for (const json& volume : lists.volumes) {
      const bool its_own = text_at(volume, "/metadata/name").ends_with("-" + instance.name + "-0");
      if (its_own && is_going(volume)) instance.volume_ends = true;
    }
    cluster.instances.push_back(std::move(instance));
  }
  for (const json& budget : lists.budgets) {
    const json* const allowed = value_at(budget, "/status/disruptionsAllowed");
    const int disruptions =
        allowed != nullptr && allowed->is_number_integer() ? allowed->get<int>() : 0;
    cluster.disruptions_allowed =
        std::min(cluster.disruptions_allowed.value_or(disruptions), disruptions);
  }
  return cluster;
}

json assignment_patch(std::string_view node, WallTime now) {
  const json term{{"matchFields", json::array({{{"key", "metadata.name"},
                                                {"operator", "In"},
                                                {"values", json::array({node})}}})}};
  const json affinity{{"nodeAffinity",
                       {{"requiredDuringSchedulingIgnoredDuringExecution",
                         {{"nodeSelectorTerms", json::array({term})}}}}}};
  json annotations;
  annotations[std::string(kNodeKey)] = node;
  annotations[std::string(kAssignedKey)] =
      format_rfc3339(std::chrono::floor<std::chrono::seconds>(now));
  return json{{"metadata", {{"annotations", annotations}}},
              {"spec", {{"template", {{"spec", {{"affinity", affinity}}}}}}}};
}

}  // namespace meshcheck::server
