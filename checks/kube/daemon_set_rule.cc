#include "checks/kube/daemon_set_rule.h"

#include <algorithm>

#include "checks/results.h"

namespace meshcheck::checks {
namespace {

// What the DaemonSet's controller adds to every pod's tolerations. Cordoned nodes do not count all
// the same.
bool always_tolerated(const std::string& key) {
  constexpr std::string_view kPrefix = "node.kubernetes.io/";
  if (key.compare(0, kPrefix.size(), kPrefix) != 0) return false;
  const std::string_view kind = std::string_view(key).substr(kPrefix.size());
  return kind == "not-ready" || kind == "unreachable" || kind == "disk-pressure" ||
         kind == "memory-pressure" || kind == "pid-pressure" || kind == "unschedulable" ||
         kind == "network-unavailable";
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

KubeDaemonSetRule::KubeDaemonSetRule(const nlohmann::json& daemon_set, WallTime now)
    : daemon_set_(daemon_set), now_(std::chrono::floor<std::chrono::seconds>(now)) {}

void KubeDaemonSetRule::add_pod(const nlohmann::json& pod) {
  const auto* const owners = value_at(pod, "/metadata/ownerReferences");
  const std::string uid = text_at(daemon_set_, "/metadata/uid");
  const std::string node = text_at(pod, "/spec/nodeName");
  if (owners == nullptr || !owners->is_array() || node.empty() ||
      std::none_of(owners->begin(), owners->end(),
                   [&](const nlohmann::json& owner) { return text_at(owner, "/uid") == uid; })) {
    return;
  }
  present_.push_back(node);
  if (is_fine(pod)) fine_.push_back(node);
}

bool KubeDaemonSetRule::is_fine(const nlohmann::json& pod) const {
  if (const auto stops = time_at(pod, "/metadata/deletionTimestamp")) {
    // The timestamp is when it has to be gone; it was asked so much earlier.
    const auto* const grace = value_at(pod, "/metadata/deletionGracePeriodSeconds");
    const std::chrono::seconds patience(
        grace != nullptr && grace->is_number_integer() ? grace->get<std::int32_t>() : 0);
    return now_ - (*stops - patience) < kStopping;
  }
  if (is_ready(pod)) return true;
  const std::string phase = text_at(pod, "/status/phase");
  const auto created = time_at(pod, "/metadata/creationTimestamp");
  return (phase == "Pending" || phase == "Running") && created && now_ - *created < kStarting;
}

bool KubeDaemonSetRule::tolerates(const nlohmann::json& taint) const {
  const std::string key = text_at(taint, "/key");
  const std::string effect = text_at(taint, "/effect");
  if (effect == "PreferNoSchedule" || always_tolerated(key)) return true;
  const auto* const tolerations = value_at(daemon_set_, "/spec/template/spec/tolerations");
  if (tolerations == nullptr || !tolerations->is_array()) return false;
  return std::any_of(
      tolerations->begin(), tolerations->end(), [&](const nlohmann::json& toleration) {
        const std::string for_effect = text_at(toleration, "/effect");
        const std::string for_key = text_at(toleration, "/key");
        if (!for_effect.empty() && for_effect != effect) return false;
        if (text_at(toleration, "/operator") == "Exists") return for_key.empty() || for_key == key;
        return for_key == key && text_at(toleration, "/value") == text_at(taint, "/value");
      });
}

bool KubeDaemonSetRule::counts(const nlohmann::json& node) const {
  const auto* const cordoned = value_at(node, "/spec/unschedulable");
  if (cordoned != nullptr && cordoned->is_boolean() && cordoned->get<bool>()) return false;
  const auto* const conditions = value_at(node, "/status/conditions");
  if (!is_ready(node) || conditions == nullptr) return false;
  for (const nlohmann::json& condition : *conditions) {
    if (text_at(condition, "/type") != "Ready") continue;
    const auto since = time_at(condition, "/lastTransitionTime");
    if (!since || now_ - *since <= kSettled) return false;
  }
  if (const auto* const taints = value_at(node, "/spec/taints");
      taints != nullptr && taints->is_array() &&
      !std::all_of(taints->begin(), taints->end(),
                   [this](const nlohmann::json& taint) { return tolerates(taint); })) {
    return false;
  }
  const auto* const selector = value_at(daemon_set_, "/spec/template/spec/nodeSelector");
  const auto* const labels = value_at(node, "/metadata/labels");
  if (selector == nullptr || !selector->is_object()) return true;
  for (const auto& [key, wanted] : selector->items()) {
    if (labels == nullptr || !labels->is_object()) return false;
    const auto found = labels->find(key);
    if (found == labels->end() || *found != wanted) return false;
  }
  return true;
}

void KubeDaemonSetRule::add_node(const nlohmann::json& node) {
  if (!counts(node)) return;
  ++nodes_;
  const std::string name = text_at(node, "/metadata/name");
  if (has(fine_, name)) return;
  if (lacking_++ == 0) {
    example_ =
        has(present_, name) ? "the pod on " + name + " is not ready" : "there is no pod on " + name;
  }
}

CheckResult KubeDaemonSetRule::result() const {
  if (lacking_ == 0) return up();
  return down("the DaemonSet " + text_at(daemon_set_, "/metadata/name") + " lacks " +
              std::to_string(lacking_) + " of " + std::to_string(nodes_) + " nodes: " + example_);
}

}  // namespace meshcheck::checks
