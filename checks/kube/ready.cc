#include "checks/kube/ready.h"

namespace meshcheck::checks {

KubePodsReady::KubePodsReady(KubeContext& context, Options options)
    : options_(std::move(options)), run_(context) {}

void KubePodsReady::start(OnDone on_done) {
  pods_ = ready_ = 0;
  unready_.clear();
  begin_with_preflight(run_, std::move(on_done), [this] { list(); });
}

CheckResult KubePodsReady::timed_out() const {
  return unknown("the Kubernetes API took too long to list pods");
}

void KubePodsReady::list() {
  run_.objects().list(
      {.plural = "pods", .name_space = options_.name_space}, options_.selector,
      [this](const nlohmann::json& pod) {
        if (is_terminating(pod)) return;
        ++pods_;
        if (is_ready(pod)) {
          ++ready_;
        } else if (unready_.empty()) {
          unready_ = text_at(pod, "/metadata/name");
        }
      },
      [this](const std::optional<kube::Failure>& failure) {
        run_.finish(failure ? unknown(failure->sentence) : judge());
      });
}

CheckResult KubePodsReady::judge() const {
  const std::string where = " of " + options_.selector + " in namespace " + options_.name_space;
  if (pods_ == 0) return down("there is no pod" + where);
  if (ready_ == 0) return down("no pod" + where + " is ready, such as " + unready_);
  if (options_.all && ready_ < pods_) {
    return down(std::to_string(pods_ - ready_) + " of " + std::to_string(pods_) + " pods" + where +
                " are not ready, such as " + unready_);
  }
  return up();
}

KubeNodesReady::KubeNodesReady(KubeContext& context, Options options)
    : options_(std::move(options)), run_(context) {}

void KubeNodesReady::start(OnDone on_done) {
  nodes_ = ready_ = 0;
  begin_with_preflight(run_, std::move(on_done), [this] { list(); });
}

CheckResult KubeNodesReady::timed_out() const {
  return unknown("the Kubernetes API took too long to list nodes");
}

void KubeNodesReady::list() {
  run_.objects().list(
      {.plural = "nodes"}, options_.selector,
      [this](const nlohmann::json& node) {
        ++nodes_;
        if (is_ready(node)) ++ready_;
      },
      [this](const std::optional<kube::Failure>& failure) {
        if (failure) return run_.finish(unknown(failure->sentence));
        if (ready_ >= options_.min) return run_.finish(up());
        run_.finish(down(std::to_string(ready_) + " of " + std::to_string(nodes_) +
                         " nodes are ready, and " + std::to_string(options_.min) + " are wanted"));
      });
}

}  // namespace meshcheck::checks
