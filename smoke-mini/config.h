// smoke-mini's configuration, from flags, a YAML file and the environment.
// doc/operate/smoke_mini.md
#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/log.h"
#include "lib/flags/flags.h"

namespace meshcheck::smoke_mini {

inline constexpr std::size_t kNeighborsMax = 50;

struct Config {
  Endpoint endpoint;
  std::chrono::milliseconds timeout{2000};
  std::chrono::milliseconds grace{5000};
  std::size_t runs_max = 64;
  std::string pod_name;       // Empty: unknown.
  std::string pod_namespace;  // Empty: unknown.
  std::string kubeconfig;     // Empty: the pod's own.
  std::string dns_name;
  std::string disk;
  std::vector<std::string> neighbors;  // All but ourselves, as URLs.
  std::size_t group_size = 0;          // With ourselves.
  std::string service_url;             // Empty: there is none.
  std::string prometheus_url;          // Empty: there is none.
  std::string prometheus_ca_file;
  std::string prometheus_token_file;
  bool prometheus_insecure = false;
  Log log;
};

struct Environment {
  std::string pod_name;  // POD_NAME, else HOSTNAME.
  std::string pod_namespace;
};

using Exit = flags::Flags::Exit;
std::variant<Config, Exit> configure(const std::vector<std::string>& arguments,
                                     const Environment& environment);

// "smoke-mini-a" is the StatefulSet whose pod is "smoke-mini-a-0"; its port does not matter.
bool is_own(const std::string& neighbor, const std::string& pod_name);
// "smoke-mini-a" and "smoke-mini-a:80" to "http://smoke-mini-a:8080/" and
// "http://smoke-mini-a:80/".
std::string neighbor_url(const std::string& neighbor);

}  // namespace meshcheck::smoke_mini
