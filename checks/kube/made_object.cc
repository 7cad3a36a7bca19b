#include "checks/kube/made_object.h"

#include <algorithm>

namespace meshcheck::checks {
namespace {

constexpr std::size_t kLabelSizeMax = 63;

bool is_label_end(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A probe's name may be longer than a label's value, and begin and end with other characters.
std::string label_of(std::string_view name) {
  std::string label(name.substr(0, kLabelSizeMax));
  while (!label.empty() && !is_label_end(label.back())) label.pop_back();
  const auto begin = std::find_if(label.begin(), label.end(), is_label_end);
  return {begin, label.end()};
}

}  // namespace

std::string object_name(const KubeContext& context, std::string_view what) {
  return "meshcheck-" + std::string(what) + "-" + context.identity.agent_id;
}

nlohmann::json object_metadata(const KubeContext& context, const sla::ProbeRef& ref,
                               const std::string& name) {
  auto metadata = nlohmann::json::object();
  metadata["name"] = name;
  auto& labels = metadata["labels"];
  labels["app.kubernetes.io/managed-by"] = "meshcheck";
  labels["heritage"] = "meshcheck";
  labels["meshcheck.io/agent"] = context.identity.agent_id;
  labels["meshcheck.io/group"] = label_of(ref.group);
  labels["meshcheck.io/probe"] = label_of(ref.probe);
  const KubeContext::Identity& identity = context.identity;
  if (!identity.pod_uid.empty()) {
    metadata["ownerReferences"] = nlohmann::json::array({{{"apiVersion", "v1"},
                                                          {"kind", "Pod"},
                                                          {"name", identity.pod_name},
                                                          {"uid", identity.pod_uid}}});
  }
  return metadata;
}

}  // namespace meshcheck::checks
