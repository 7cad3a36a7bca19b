#include "checks/kube/scheduler.h"

#include <algorithm>

#include "checks/kube/made_object.h"

namespace meshcheck::checks {
namespace {

// Also for a node that is cordoned or tainted: it is the scheduler that is looked at.
nlohmann::json pod(const nlohmann::json& metadata, const KubeContext::Identity& identity) {
  auto made = nlohmann::json::parse(R"({
    "spec": {
      "restartPolicy": "Never",
      "tolerations": [{"operator": "Exists"}],
      "terminationGracePeriodSeconds": 0,
      "automountServiceAccountToken": false,
      "enableServiceLinks": false,
      "securityContext": {"runAsNonRoot": true, "runAsUser": 65534,
                          "seccompProfile": {"type": "RuntimeDefault"}},
      "containers": [{
        "name": "nothing",
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}},
        "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                            "capabilities": {"drop": ["ALL"]}}
      }],
      "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{
          "matchFields": [{"key": "metadata.name", "operator": "In"}]
        }]
      }}}
    }
  })");
  made["metadata"] = metadata;
  made["spec"]["containers"][0]["image"] = identity.image;
  auto& term = made["spec"]["affinity"]["nodeAffinity"]
                   ["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"][0];
  term["matchFields"][0]["values"] = nlohmann::json::array({identity.node});
  return made;
}

// Why the scheduler cannot bind it, if it has said so.
std::string unschedulable_because(const nlohmann::json& pod) {
  const auto* const conditions = value_at(pod, "/status/conditions");
  if (conditions == nullptr || !conditions->is_array()) return "";
  for (const nlohmann::json& condition : *conditions) {
    if (text_at(condition, "/type") == "PodScheduled" && text_at(condition, "/status") == "False") {
      return "the scheduler says: " + text_at(condition, "/message");
    }
  }
  return "";
}

}  // namespace

KubeScheduler::KubeScheduler(KubeContext& context, const sla::CheckSpec& spec)
    : loop_(context.loop),
      // A third of the run is left for the questions before and after.
      wait_(std::min(kWaitMax, spec.timeout * 2 / 3)),
      node_(context.identity.node),
      pods_{.plural = "pods", .name_space = context.identity.name_space},
      name_(object_name(context, "pod")),
      object_(pod(object_metadata(context, spec.ref, name_), context.identity)),
      run_(context) {}

void KubeScheduler::start(OnDone on_done) {
  found_.reset();
  step_ = "say its version";
  begin_with_preflight(run_, std::move(on_done), [this] { look(); });
}

CheckResult KubeScheduler::timed_out() const {
  if (found_) return *found_;
  // The wait for the scheduler is shorter than the run: it is the API that is slow.
  return unknown("the Kubernetes API took too long to " + step_);
}

void KubeScheduler::look() {
  step_ = "look for " + name_;
  run_.objects().get(pods_, name_, [this](const kube::ObjectAnswer& answer) {
    if (answer.not_found()) return create();
    if (answer.failure) return run_.finish(unknown(answer.why()));
    leave(unknown("the last run's " + name_ + " was there and had to be deleted"));
  });
}

void KubeScheduler::create() {
  step_ = "create " + name_;
  run_.objects().create(pods_, object_, [this](const kube::ObjectAnswer& answer) {
    if (answer.failure) return run_.finish(unknown(answer.why()));
    deadline_ = loop_.now() + wait_;
    poll();
  });
}

void KubeScheduler::poll() {
  step_ = "look for " + name_;
  const bool last = loop_.now() >= deadline_;
  run_.objects().get(pods_, name_, [this, last](const kube::ObjectAnswer& answer) {
    answer.failure ? leave(unknown(answer.why())) : judge(answer.object, last);
  });
}

void KubeScheduler::judge(const nlohmann::json& pod, bool last) {
  const std::string node = text_at(pod, "/spec/nodeName");
  if (node == node_) return leave(up());
  if (!node.empty()) {
    return leave(down("the scheduler bound the pod to " + node + " and not to " + node_));
  }
  if (!last) {
    // Soon at first: usually it is done in a moment.
    const auto left = std::chrono::ceil<Milliseconds>(deadline_ - loop_.now());
    const auto waited = std::max(wait_ - left, Milliseconds(0));
    return run_.wait(std::clamp(waited, wait_ / 100 + Milliseconds(1), wait_ / 10),
                     [this] { poll(); });
  }
  const std::string why = unschedulable_because(pod);
  leave(why.empty() ? down("the scheduler did not bind the pod within " +
                           std::to_string(wait_.count()) + " ms")
                    : unknown(why));
}

void KubeScheduler::leave(const CheckResult& result) {
  found_ = result;
  step_ = "delete " + name_;
  run_.objects().remove(pods_, name_, kAtOnce,
                        [this](const kube::ObjectAnswer&) { run_.finish(*found_); });
}

}  // namespace meshcheck::checks
