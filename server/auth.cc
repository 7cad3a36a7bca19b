#include "server/auth.h"

#include <utility>

namespace meshcheck::server {

Result<std::unique_ptr<Auth>> Auth::load(uv::Loop& loop, const Config& config,
                                         metrics::Registry& registry, const Log& log) {
  auto auth = std::make_unique<Auth>(registry);
  auto credentials = Credentials::load(loop, config.auth, auth->metrics, log);
  if (!credentials) return credentials.error();
  auth->credentials = *std::move(credentials);
  auth->state.emplace(config.auth, *auth->credentials, auth->metrics);
  if (!config.auth.asks_kubernetes()) return auth;
  kube::ConfigOptions options;
  options.kubeconfig = config.kubeconfig;
  auto found = kube::find_config(options);
  if (!found) {
    return found.error().within(
        "tokens are to be reviewed by Kubernetes; pass -kubeconfig FILE, or run in a pod, or pass "
        "-report-auth and -read-auth without kubernetes");
  }
  auth->kubernetes = *std::move(found);
  return auth;
}

}  // namespace meshcheck::server
