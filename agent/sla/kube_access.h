// The agent's way to the Kubernetes API, for the checks that look at it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/config.h"
#include "checks/kube/checks.h"
#include "checks/kube/context.h"
#include "checks/kube/garbage.h"
#include "lib/base/result.h"
#include "lib/http/client.h"
#include "lib/kube/client.h"

namespace meshcheck::agent {

// Made for the first check of Kubernetes, so that an agent without such checks needs no API. On the
// loop's thread; outlives the checks that it made.
class KubeAccess {
 public:
  // `http` outlives the object. Returns an error if it is not known where the API is.
  static Result<std::unique_ptr<KubeAccess>> find(uv::Loop& loop, http::Client& http,
                                                  const Config& config);

  Result<std::unique_ptr<checks::Check>> make(const sla::CheckSpec& spec) {
    return checks::make_kube_check(context_, spec);
  }
  // From now on removes objects left by agents that are gone, of the kinds that `specs` make.
  void collect_garbage(const std::vector<sla::CheckSpec>& specs, const Log& log);

 private:
  KubeAccess(uv::Loop& loop, http::Client& http, const kube::Config& api, const Config& config);

  kube::Client client_;
  checks::KubeContext context_;
  std::unique_ptr<checks::KubeGarbage> garbage_;
};

}  // namespace meshcheck::agent
