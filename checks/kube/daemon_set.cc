#include "checks/kube/daemon_set.h"

namespace meshcheck::checks {
namespace {

// To read fewer pods. The rule looks at whose they are.
std::string selector_of(const nlohmann::json& daemon_set) {
  const auto* const labels = value_at(daemon_set, "/spec/selector/matchLabels");
  std::string selector;
  if (labels == nullptr || !labels->is_object()) return selector;
  for (const auto& [key, value] : labels->items()) {
    if (!value.is_string()) continue;
    selector += (selector.empty() ? "" : ",") + key + "=" + value.get<std::string>();
  }
  return selector;
}

}  // namespace

KubeDaemonSet::KubeDaemonSet(KubeContext& context, Options options)
    : options_(std::move(options)), run_(context) {}

void KubeDaemonSet::start(OnDone on_done) {
  rule_.reset();
  begin_with_preflight(run_, std::move(on_done), [this] { look(); });
}

CheckResult KubeDaemonSet::timed_out() const {
  return unknown("the Kubernetes API took too long to list nodes and pods");
}

void KubeDaemonSet::look() {
  run_.objects().get({.group = "apps", .plural = "daemonsets", .name_space = options_.name_space},
                     options_.name, [this](const kube::ObjectAnswer& answer) {
                       if (answer.not_found()) {
                         return run_.finish(down("there is no DaemonSet " + options_.name +
                                                 " in namespace " + options_.name_space));
                       }
                       if (answer.failure) {
                         return run_.finish(unknown(answer.why()));
                       }
                       rule_.emplace(answer.object, WallClock::now());
                       list_pods(selector_of(answer.object));
                     });
}

void KubeDaemonSet::list_pods(const std::string& selector) {
  run_.objects().list(
      {.plural = "pods", .name_space = options_.name_space}, selector,
      [this](const nlohmann::json& pod) { rule_->add_pod(pod); },
      [this](const std::optional<kube::Failure>& failure) {
        failure ? run_.finish(unknown(failure->sentence)) : list_nodes();
      });
}

void KubeDaemonSet::list_nodes() {
  run_.objects().list(
      {.plural = "nodes"}, "", [this](const nlohmann::json& node) { rule_->add_node(node); },
      [this](const std::optional<kube::Failure>& failure) {
        run_.finish(failure ? unknown(failure->sentence) : rule_->result());
      });
}

}  // namespace meshcheck::checks
