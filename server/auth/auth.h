// All that main needs for authentication.
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

// Made by main before its network threads, which it outlives; its members document how they are
// shared.
struct Auth {
  // Options for reading certificates, tokens and, if needed, the Kubernetes API's address.
  struct Options {
    AuthConfig config;
    std::string kubeconfig;  // Path; empty for that of the environment, or the pod's files.
    // The namespace of the agents' pods, if the API's configuration lacks it.
    std::function<std::optional<std::string>(const kube::Config& api)> agent_namespace;
  };
  static Result<std::unique_ptr<Auth>> load(uv::Loop& loop, const Options& options,
                                            metrics::Registry& registry, const Log& log);

  explicit Auth(metrics::Registry& registry) : metrics(registry) {}

  AuthMetrics metrics;
  std::unique_ptr<Credentials> credentials;
  std::optional<AuthState> state;
  std::optional<kube::Config> kubernetes;  // Nothing: no reviews.
};

}  // namespace meshcheck::server
