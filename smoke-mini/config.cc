#include "smoke-mini/config.h"

#include <algorithm>

#include "lib/flags/log_flags.h"
#include "lib/http/url.h"

namespace meshcheck::smoke_mini {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Values {
  std::string endpoint = "0.0.0.0:8080";
  double timeout = 2;
  double grace = 5;
  std::int64_t runs_max = 64;
  std::string neighbors;
  std::string service;
  flags::LogFlags log;
};

flags::Flags flags_for(Config& config, Values& values) {
  flags::Flags flags("meshcheck-smoke-mini",
                     "A small application that tries what applications need, for whoever asks.");
  flags.add("endpoint", values.endpoint, "address and port to listen on");
  flags.add("timeout", values.timeout, {0.1, 60}, "seconds that an answer may take");
  flags.add("grace", values.grace, {0, 300},
            "seconds from SIGTERM to the end, in which /ready answers 500 and all else goes on");
  flags.add("runs-max", values.runs_max, {1, 10'000}, "answers that may be in the making at once");
  flags.add("kubeconfig", config.kubeconfig,
            "/api: how to reach the Kubernetes API; by default $KUBECONFIG, else as a pod does");
  flags.add("dns-name", config.dns_name, "/dns: the name to look up");
  flags.add("disk", config.disk, "/disk: the folder to write to");
  flags.add(
      "neighbors", values.neighbors,
      "/neighbor: host or host:port of all instances, separated by ','; port 8080 by default; "
      "our own is left out");
  flags.add("service", values.service,
            "/neighbor-via-service: URL of the service in front of all instances");
  flags.add("prometheus-url", config.prometheus_url, "/prometheus: where it is");
  flags.add("prometheus-ca-file", config.prometheus_ca_file,
            "PEM file of the authorities that are trusted there instead of the system's");
  flags.add("prometheus-token-file", config.prometheus_token_file,
            "file with the token to show there, read each time");
  flags.add("prometheus-insecure", config.prometheus_insecure,
            "do not check the certificate there");
  add_log_flags(flags, values.log);
  return flags;
}

milliseconds in_milliseconds(double text_seconds) {
  return std::chrono::round<milliseconds>(std::chrono::duration<double>(text_seconds));
}

Exit bad(const std::string& what) {
  return {2, "meshcheck-smoke-mini: " + what + "\n"};
}

}  // namespace

bool is_own(const std::string& neighbor, const std::string& pod_name) {
  const auto dot_or_colon = neighbor.find_first_of(".:");
  // An address has dots of its own, and only a name has a number behind it.
  const bool address = neighbor.find_first_not_of("0123456789.:") == std::string::npos;
  const std::string name = neighbor.substr(0, address ? neighbor.rfind(':') : dot_or_colon);
  if (name == pod_name) return true;
  return pod_name.size() > name.size() + 1 && pod_name.compare(0, name.size(), name) == 0 &&
         pod_name[name.size()] == '-' &&
         pod_name.find_first_not_of("0123456789", name.size() + 1) == std::string::npos;
}

std::string neighbor_url(const std::string& neighbor) {
  const bool has_port = !http::host_of_endpoint(neighbor).empty();
  return "http://" + neighbor + (has_port ? "/" : ":8080/");
}

std::variant<Config, Exit> configure(const std::vector<std::string>& arguments,
                                     const Environment& environment) {
  Config config;
  config.dns_name = "kubernetes.default";
  config.disk = "/disk";
  Values values;
  flags::Flags flags = flags_for(config, values);
  if (auto exit = flags.parse(arguments)) return *std::move(exit);
  const auto endpoint = Endpoint::parse(values.endpoint);
  if (!endpoint) return bad("-endpoint: " + endpoint.error().message());
  config.endpoint = *endpoint;
  config.timeout = in_milliseconds(values.timeout);
  config.grace = in_milliseconds(values.grace);
  config.runs_max = static_cast<std::size_t>(values.runs_max);
  config.pod_name = environment.pod_name;
  config.pod_namespace = environment.pod_namespace;
  std::replace(values.neighbors.begin(), values.neighbors.end(), ' ', ',');
  const auto neighbors = http::split_url_list(values.neighbors, kNeighborsMax + 1);
  if (neighbors.size() > kNeighborsMax) {
    return bad("-neighbors: more than " + std::to_string(kNeighborsMax));
  }
  config.group_size = neighbors.size();
  for (const std::string& neighbor : neighbors) {
    if (!is_own(neighbor, config.pod_name)) config.neighbors.push_back(neighbor_url(neighbor));
  }
  if (!values.service.empty()) config.service_url = http::with_scheme(values.service);
  if (!config.prometheus_url.empty()) {
    config.prometheus_url = http::with_scheme(config.prometheus_url);
    while (config.prometheus_url.ends_with('/')) config.prometheus_url.pop_back();
  }
  config.log = values.log.log();
  return config;
}

}  // namespace meshcheck::smoke_mini
