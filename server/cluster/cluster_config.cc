#include "server/cluster/cluster_config.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "server/cluster/cluster.h"

namespace meshcheck::server {
namespace {

constexpr std::size_t kSelectorSizeMax = 1024;  // It goes into a URL.
constexpr std::size_t kNamespaceSizeMax = 63;   // What Kubernetes allows.
constexpr std::string_view kBlanks = " \t";

std::string without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(kBlanks) - first + 1));
}

bool is_namespace(std::string_view text) {
  return text.size() <= kNamespaceSizeMax &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace

std::optional<std::string> ClusterConfig::namespace_for(const kube::Config& api) const {
  if (name_space == "*") return std::nullopt;
  return name_space.empty() ? api.default_namespace : name_space;
}

void ClusterConfig::add_to(flags::Flags& flags) {
  flags.add("kubeproxyinit", enabled, "expect the agents that Kubernetes runs");
  flags.add("agent-selector", selector,
            "label selectors of the agents' pods, separated by ';': a pod that any of them selects "
            "is expected");
  flags.add("agent-namespace", name_space,
            "namespace of the agents' pods, * for all; without it, the server's own or the "
            "kubeconfig's");
}

Result<void> ClusterConfig::check() {
  selectors.clear();
  for (std::size_t begin = 0; begin <= selector.size();) {
    const std::size_t end = std::min(selector.find(';', begin), selector.size());
    std::string one = without_blanks(std::string_view(selector).substr(begin, end - begin));
    begin = end + 1;
    if (one.size() > kSelectorSizeMax) {
      return Error("-agent-selector: a selector has at most " + std::to_string(kSelectorSizeMax) +
                   " bytes");
    }
    const bool known = std::find(selectors.begin(), selectors.end(), one) != selectors.end();
    if (!one.empty() && !known) selectors.push_back(std::move(one));
  }
  if (selectors.empty()) return Error("-agent-selector: there is no selector in it");
  if (selectors.size() > Cluster::kWatchesMax) {
    return Error("-agent-selector: at most " + std::to_string(Cluster::kWatchesMax) +
                 " selectors are followed, each by a connection of its own");
  }
  if (name_space != "*" && !is_namespace(name_space)) {
    return Error("-agent-namespace: " + name_space + " is no name of a namespace");
  }
  return {};
}

}  // namespace meshcheck::server
