// All that main needs of who may ask the server for what.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/log.h"
#include "lib/kube/config.h"
#include "lib/metrics/registry.h"
#include "lib/uv/loop.h"
#include "server/auth/auth_state.h"

namespace meshcheck::server {

// Made by main before its network threads, which it outlives; what is in it says how it is shared.
struct Auth {
  // Reads certificates, tokens and, if it is to be asked, where the Kubernetes API is.
  struct Options {
    AuthConfig config;
    std::string kubeconfig;  // Path; empty for that of the environment, or the pod's files.
    // Where agents' pods are, if the API's configuration does not say it.
    std::function<std::optional<std::string>(const kube::Config& api)> agent_namespace;
  };
  static Result<std::unique_ptr<Auth>> load(uv::Loop& loop, const Options& options,
                                            metrics::Registry& registry, const Log& log);

  explicit Auth(metrics::Registry& registry) : metrics(registry) {}

  AuthMetrics metrics;
  std::unique_ptr<Credentials> credentials;
  std::optional<AuthState> state;
  std::optional<kube::Config> kubernetes;  // Nothing: it is not asked.
};

}  // namespace meshcheck::server
