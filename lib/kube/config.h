// The address of the Kubernetes API and this program's credentials: a pod's files or a kubeconfig.
#pragma once

#include <cstddef>
#include <string>

#include "lib/base/result.h"

namespace meshcheck::kube {

// A value; doc/internals/kube_client.md. Of each pair of file and data at most one is set. Holds
// secrets: not for logs.
struct Config {
  std::string server;  // "https://10.96.0.1:443", without a slash at its end.
  // Both empty: the system's roots.
  std::string ca_file;
  std::string ca_data;  // PEM.
  bool verify = true;   // False only where the user asked for it.
  std::string client_certificate_file;
  std::string client_certificate_data;  // PEM.
  std::string client_key_file;
  std::string client_key_data;  // PEM.
  std::string token_file;       // Read again and again: tokens of pods live an hour.
  std::string token;
  std::string default_namespace = "default";  // This pod's, or the context's.
};

// The files are read whole, so a mistake in a path cannot fill the memory.
inline constexpr std::size_t kConfigFileSizeMax = std::size_t{1} << 20U;
inline constexpr std::size_t kTokenSizeMax = std::size_t{64} << 10U;

struct ConfigOptions {
  std::string kubeconfig;  // The file; empty: $KUBECONFIG, else the pod's files.
  std::string context;     // Empty: the file's current-context.
  // Take a kubeconfig's insecure-skip-tls-verify at its word.
  bool insecure_allowed = false;
};
// Reads the environment. The error names the file and the key, or the places without a
// configuration.
Result<Config> find_config(const ConfigOptions& options);

struct PodEnvironment {
  std::string host;  // KUBERNETES_SERVICE_HOST: an address or a name.
  std::string port;  // KUBERNETES_SERVICE_PORT
  std::string root = "/var/run/secrets/kubernetes.io/serviceaccount";
};
Result<Config> in_cluster_config(const PodEnvironment& environment);

// Relative paths in it start from `directory`. Settings under which this program would act as
// another user than expected are errors that name them: exec and auth-provider plugins, basic
// authentication, impersonation, proxies, another TLS server name.
Result<Config> parse_kubeconfig(const std::string& yaml, const std::string& directory,
                                const ConfigOptions& options);

// The whole file; an error if it is larger, which names the path.
Result<std::string> read_bounded(const std::string& path, std::size_t size_max);

}  // namespace meshcheck::kube
