#include "agent/sla/kube_access.h"

#include <algorithm>
#include <set>
#include <utility>

#include "lib/kube/config.h"
#include "mesh/sla/agent_id.h"

namespace meshcheck::agent {
namespace {

checks::KubeContext::Identity identity_of(const kube::Config& api, const Config& config) {
  checks::KubeContext::Identity identity;
  identity.agent_id = sla::agent_id(config.node_name);
  identity.name_space = api.default_namespace;
  identity.node = config.node_name;
  identity.pod_name = config.pod_name;
  identity.pod_uid = config.pod_uid;
  if (!config.sla.check_image.empty()) identity.image = config.sla.check_image;
  return identity;
}

// The kinds of objects that a check makes, as the API names them.
std::set<std::string> kinds_made(const sla::CheckSpec& spec) {
  if (spec.checker == "kube-scheduler") return {"pods"};
  if (spec.checker == "kube-controller-manager") return {"statefulsets", "pods"};
  if (spec.checker != "kube-lifecycle") return {};
  const auto kind = spec.with.find("kind");
  const bool name_space = kind != spec.with.end() && *kind == "Namespace";
  return {name_space ? "namespaces" : "configmaps"};
}

}  // namespace

Result<std::unique_ptr<KubeAccess>> KubeAccess::find(uv::Loop& loop, http::Client& http,
                                                     const Config& config) {
  kube::ConfigOptions where;
  where.kubeconfig = config.sla.kubeconfig;
  const auto api = kube::find_config(where);
  if (!api) return api.error();
  return std::unique_ptr<KubeAccess>(new KubeAccess(loop, http, *api, config));
}

KubeAccess::KubeAccess(uv::Loop& loop, http::Client& http, const kube::Config& api,
                       const Config& config)
    : client_(loop, http, api), context_(client_, http, identity_of(api, config)) {}

void KubeAccess::collect_garbage(const std::vector<sla::CheckSpec>& specs, const Log& log) {
  std::set<std::string> kinds;
  for (const sla::CheckSpec& spec : specs) kinds.merge(kinds_made(spec));
  if (kinds.empty()) return;
  checks::KubeGarbage::Options options{
      .resources = checks::garbage_resources(context_.identity.name_space), .log = log};
  std::erase_if(options.resources,
                [&](const kube::Resource& resource) { return !kinds.contains(resource.plural); });
  garbage_ = std::make_unique<checks::KubeGarbage>(context_, std::move(options));
  garbage_->start();
}

}  // namespace meshcheck::agent
