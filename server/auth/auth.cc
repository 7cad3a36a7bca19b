#include "server/auth/auth.h"

#include <utility>

namespace meshcheck::server {

Result<std::unique_ptr<Auth>> Auth::load(uv::Loop& loop, const Options& options,
                                         metrics::Registry& registry, const Log& log) {
  auto auth = std::make_unique<Auth>(registry);
  auto credentials = Credentials::load(loop, options.config, auth->metrics, log);
  if (!credentials) return credentials.error();
  auth->credentials = *std::move(credentials);
  AuthConfig auth_config = options.config;
  if (auth_config.asks_kubernetes()) {
    kube::ConfigOptions where;
    where.kubeconfig = options.kubeconfig;
    auto found = kube::find_config(where);
    if (!found) {
      return found.error().within(
          "tokens are to be reviewed by Kubernetes; pass -kubeconfig FILE, or run in a pod, or "
          "pass -report-auth and -read-auth without kubernetes");
    }
    auth->kubernetes = *std::move(found);
    auth_config.agent_namespace = options.agent_namespace(*auth->kubernetes);
  }
  auth->state.emplace(auth_config, *auth->credentials, auth->metrics);
  return auth;
}

}  // namespace meshcheck::server
