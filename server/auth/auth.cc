#include "server/auth/auth.h"

#include <utility>

namespace meshcheck::server {

Result<std::unique_ptr<Auth>> Auth::load(uv::Loop& loop, const Config& config,
                                         metrics::Registry& registry, const Log& log) {
  auto auth = std::make_unique<Auth>(registry);
  auto credentials = Credentials::load(loop, config.auth, auth->metrics, log);
  if (!credentials) return credentials.error();
  auth->credentials = *std::move(credentials);
  AuthConfig auth_config = config.auth;
  if (config.auth.asks_kubernetes()) {
    kube::ConfigOptions options;
    options.kubeconfig = config.kubeconfig;
    auto found = kube::find_config(options);
    if (!found) {
      return found.error().within(
          "tokens are to be reviewed by Kubernetes; pass -kubeconfig FILE, or run in a pod, or "
          "pass -report-auth and -read-auth without kubernetes");
    }
    auth->kubernetes = *std::move(found);
    auth_config.agent_namespace = config.cluster.namespace_for(*auth->kubernetes);
  }
  auth->state.emplace(auth_config, *auth->credentials, auth->metrics);
  return auth;
}

}  // namespace meshcheck::server
