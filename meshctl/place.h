// Chooses the way to the server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/result.h"
#include "meshctl/settings.h"

namespace meshcheck::meshctl {

inline constexpr const char* kDefaultNamespace = "meshcheck";
inline constexpr const char* kDefaultService = "meshcheck-server";

// Findings on this machine.
struct Surroundings {
  // Variables that Kubernetes gives to each pod of the namespace of the Service; empty outside.
  std::string service_host;
  std::string service_port;
  std::vector<std::string> lab_urls;  // Ports that labs of this user have published.
  bool kubeconfig = false;
};

struct Place {
  std::string url;                   // Without a slash at its end. Empty: by kubectl port-forward.
  std::optional<IpAddress> address;  // Of the URL's host, which is the name in the certificate.
  std::string kube_context;
  std::string kube_namespace;
  std::string service;
  bool lab = false;  // Which gets no token.
  std::string why;   // "the lab"
};

// In this order: a server, or a service, that `settings` name; the pod's own cluster; a lab; a
// kubeconfig. An error lists the places without a server.
Result<Place> choose_place(const Settings& settings, const Surroundings& surroundings);

// "MESHCHECK_SERVER" for the Service meshcheck-server.
std::string variable_prefix(std::string service);

}  // namespace meshcheck::meshctl
