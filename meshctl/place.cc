#include "meshctl/place.h"

#include "lib/http/url.h"

namespace meshcheck::meshctl {
namespace {

Place forwarded(const Settings& settings, std::string why) {
  return {.kube_context = settings.kube_context,
          .kube_namespace =
              settings.kube_namespace.empty() ? kDefaultNamespace : settings.kube_namespace,
          .service = settings.service.empty() ? kDefaultService : settings.service,
          .why = std::move(why)};
}

std::string without_slash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

}  // namespace

Result<Place> choose_place(const Settings& settings, const Surroundings& surroundings) {
  if (!settings.server.empty()) {
    return Place{.url = without_slash(http::with_scheme(settings.server)), .why = "as told"};
  }
  if (settings.names_service()) return forwarded(settings, "as told, by kubectl port-forward");
  if (!surroundings.service_host.empty()) {
    const auto address = IpAddress::parse(surroundings.service_host);
    if (!address) return Error("MESHCHECK_SERVER_SERVICE_HOST is no address");
    return Place{.url = std::string("https://") + kDefaultService + ':' + surroundings.service_port,
                 .address = *address,
                 .why = "the Service of this pod's namespace"};
  }
  if (surroundings.lab_urls.size() == 1) {
    return Place{.url = surroundings.lab_urls.front(), .lab = true, .why = "the lab"};
  }
  if (surroundings.lab_urls.size() > 1) {
    std::string urls;
    for (const std::string& url : surroundings.lab_urls) urls += ' ' + url;
    return Error("several labs have published a port; say --server with one of" + urls);
  }
  if (surroundings.kubeconfig)
    return forwarded(settings, "the kubeconfig, by kubectl port-forward");
  return Error(
      "no server: there is no --server, MESHCTL_SERVER or context, no Service meshcheck-server in "
      "the environment, no lab and no kubeconfig");
}

std::string variable_prefix(std::string service) {
  for (char& c : service) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '-') c = '_';
  }
  return service;
}

}  // namespace meshcheck::meshctl
