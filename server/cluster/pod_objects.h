// Reads Kubernetes' objects of the pods that are moved, and writes the patch to move one.
// doc/operate/smoke_mini.md
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "mesh/rescheduling/rescheduling.h"

namespace meshcheck::server {

struct ReschedulingLists {
  std::vector<nlohmann::json> stateful_sets;
  std::vector<nlohmann::json> pods;
  std::vector<nlohmann::json> volumes;  // Claims.
  std::vector<nlohmann::json> budgets;
};

// Reads all but the nodes. A StatefulSet that was never moved is where its pod is. An object
// without a required field is an error.
Result<rescheduling::Cluster> read_cluster(const ReschedulingLists& lists);

// The patch (RFC 7386) that assigns a StatefulSet to a node; its controller moves the pod.
nlohmann::json assignment_patch(std::string_view node, WallTime now);

}  // namespace meshcheck::server
