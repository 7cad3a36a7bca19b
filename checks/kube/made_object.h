// Names and labels of the objects that checks make in the Kubernetes API.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "checks/kube/context.h"
#include "mesh/sla/episode.h"

namespace meshcheck::checks {

// `what` is the middle of the name: "pod" in "meshcheck-pod-7d2d90cf".
std::string object_name(const KubeContext& context, std::string_view what);
nlohmann::json object_metadata(const KubeContext& context, const sla::ProbeRef& ref,
                               const std::string& name);

}  // namespace meshcheck::checks
