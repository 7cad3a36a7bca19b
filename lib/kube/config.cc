#include "lib/kube/config.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "lib/base/file.h"
#include "lib/base/ip_address.h"
#include "lib/base/text.h"
#include "lib/base/token.h"

namespace meshcheck::kube {
namespace {

std::string environment_value(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<Config> read_kubeconfig(const std::string& path, const ConfigOptions& options) {
  const std::string context = "kubeconfig " + path;
  auto text = read_bounded(path, kConfigFileSizeMax);
  if (!text) return text.error().within(context);
  const auto slash = path.rfind('/');
  auto config =
      parse_kubeconfig(*text, slash == std::string::npos ? "." : path.substr(0, slash), options);
  if (!config) return config.error().within(context);
  return config;
}

}  // namespace

Result<std::string> read_bounded(const std::string& path, std::size_t size_max) {
  auto text = read_file(path, size_max);
  if (!text) return text.error().within("open " + path);
  return text;
}

Result<Config> in_cluster_config(const PodEnvironment& environment) {
  const bool port_is_number = !environment.port.empty() && environment.port.size() <= 5 &&
                              std::all_of(environment.port.begin(), environment.port.end(),
                                          [](char c) { return c >= '0' && c <= '9'; });
  if (!port_is_number) return Error("KUBERNETES_SERVICE_PORT is not a port");
  const bool host_is_plain = !environment.host.empty() &&
                             environment.host.find_first_of("/@?#[] \t\r\n") == std::string::npos;
  if (!host_is_plain) return Error("KUBERNETES_SERVICE_HOST is neither an address nor a name");
  Config config;
  const auto address = IpAddress::parse(environment.host);
  const bool bracketed = address && address->family() == IpAddress::Family::kIpv6;
  config.server = "https://" + (bracketed ? "[" + environment.host + "]" : environment.host) + ":" +
                  environment.port;
  config.ca_file = environment.root + "/ca.crt";
  config.token_file = environment.root + "/token";
  const auto ca = read_bounded(config.ca_file, kConfigFileSizeMax);
  if (!ca) return ca.error().within("in-cluster configuration");
  const auto token = read_token(config.token_file, kTokenSizeMax);
  if (!token) return token.error().within("in-cluster configuration");
  const auto name = read_bounded(environment.root + "/namespace", 256);
  if (!name) return name.error().within("in-cluster configuration");
  config.default_namespace = trim(*name);
  return config;
}

Result<Config> find_config(const ConfigOptions& options) {
  if (!options.kubeconfig.empty()) return read_kubeconfig(options.kubeconfig, options);
  const std::string path = environment_value("KUBECONFIG");
  if (path.find(':') != std::string::npos) {
    return Error("KUBECONFIG names several files; one is expected");
  }
  if (!path.empty()) return read_kubeconfig(path, options);
  PodEnvironment environment;
  environment.host = environment_value("KUBERNETES_SERVICE_HOST");
  environment.port = environment_value("KUBERNETES_SERVICE_PORT");
  if (environment.host.empty()) {
    return Error(
        "no Kubernetes API is known: neither KUBECONFIG nor KUBERNETES_SERVICE_HOST is set");
  }
  return in_cluster_config(environment);
}

}  // namespace meshcheck::kube
