// The state that the authenticators of all network threads share.
#pragma once

#include <optional>
#include <string>

#include "lib/base/guarded.h"
#include "lib/kube/review_cache.h"
#include "server/auth/auth_config.h"
#include "server/auth/auth_metrics.h"
#include "server/auth/credentials.h"

namespace meshcheck::server {

// Reviews are shared, since an agent's next report may come to another thread. Outlives the
// authenticators.
struct AuthState {
  AuthState(const AuthConfig& auth_config, Credentials& shared_credentials,
            AuthMetrics& auth_metrics)
      : config(auth_config), credentials(shared_credentials), metrics(auth_metrics) {}

  const AuthConfig config;
  Credentials& credentials;
  AuthMetrics& metrics;
  // Good reviews are kept for as long as a pod's token lasts, for when the API is away.
  Guarded<kube::TokenCache> report_tokens{
      kube::TokenCache::Options{.keep_good = std::chrono::hours(1)}};
  Guarded<kube::TokenCache> read_tokens{kube::TokenCache::Options{.entries_max = 2000}};
  Guarded<kube::AccessCache> accesses{kube::AccessCache::Options{.entries_max = 10'000}};
};

}  // namespace meshcheck::server
