// Makes the checks that look at Kubernetes, and at Prometheus in it.
#pragma once

#include <memory>
#include <string_view>

#include "checks/check.h"
#include "checks/kube/context.h"
#include "lib/base/result.h"
#include "mesh/sla/check_spec.h"

namespace meshcheck::checks {

// "kube-apiserver", "kube-lifecycle", "kube-controller-manager", "kube-scheduler",
// "kube-pods-ready", "kube-daemonset-ready", "kube-nodes-ready", "prometheus-api",
// "metrics-present"
bool is_kube_checker(std::string_view checker);

// By `spec.checker`. The error names the key of `spec.with` that is wrong.
// doc/reference/checks.md has the keys and the rules. REQUIRES: is_kube_checker(spec.checker)
Result<std::unique_ptr<Check>> make_kube_check(KubeContext& context, const sla::CheckSpec& spec);

}  // namespace meshcheck::checks
