// All that main needs of who may ask the server for what.
#pragma once

#include <memory>
#include <optional>

#include "lib/base/log.h"
#include "lib/kube/config.h"
#include "lib/metrics/registry.h"
#include "lib/uv/loop.h"
#include "server/auth/auth_state.h"
#include "server/config.h"

namespace meshcheck::server {

// Made by main before its network threads, which it outlives; what is in it says how it is shared.
struct Auth {
  // Reads certificates, tokens and, if it is to be asked, where the Kubernetes API is.
  static Result<std::unique_ptr<Auth>> load(uv::Loop& loop, const Config& config,
                                            metrics::Registry& registry, const Log& log);

  explicit Auth(metrics::Registry& registry) : metrics(registry) {}

  AuthMetrics metrics;
  std::unique_ptr<Credentials> credentials;
  std::optional<AuthState> state;
  std::optional<kube::Config> kubernetes;  // Nothing: it is not asked.
};

}  // namespace meshcheck::server
