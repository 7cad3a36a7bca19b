#include "checks/kube/controller_manager.h"

#include <algorithm>

namespace meshcheck::checks {
namespace {

using Kind = KubeAnswer::Kind;

// One replica that fits nowhere, and would not harm if it did.
nlohmann::json stateful_set(const nlohmann::json& metadata) {
  auto set = nlohmann::json::parse(R"({
    "spec": {
      "replicas": 1,
      "serviceName": "",
      "template": {
        "spec": {
          "nodeSelector": {"meshcheck.io/no-node": "has-this-label"},
          "tolerations": [{"operator": "Exists"}],
          "terminationGracePeriodSeconds": 0,
          "automountServiceAccountToken": false,
          "securityContext": {"runAsNonRoot": true, "runAsUser": 65534,
                              "seccompProfile": {"type": "RuntimeDefault"}},
          "containers": [{
            "name": "nothing",
            "image": "meshcheck.invalid/nothing",
            "resources": {"requests": {"cpu": "1m", "memory": "1Mi"},
                          "limits": {"cpu": "1m", "memory": "4Mi"}},
            "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                                "capabilities": {"drop": ["ALL"]}}
          }]
        }
      }
    }
  })");
  set["metadata"] = metadata;
  set["spec"]["selector"]["matchLabels"] = metadata["labels"];
  set["spec"]["template"]["metadata"]["labels"] = metadata["labels"];
  return set;
}

}  // namespace

KubeControllerManager::KubeControllerManager(KubeContext& context, const sla::CheckSpec& spec)
    : loop_(context.loop),
      // A third of the run for each wait, and a third for the questions between.
      wait_(std::min(kWaitMax, spec.timeout / 3)),
      parents_{"apps", "statefulsets", context.identity.name_space},
      children_{"", "pods", context.identity.name_space},
      name_(object_name(context, "statefulset")),
      child_(name_ + "-0"),
      object_(stateful_set(object_metadata(context, spec.ref, name_))),
      run_(context) {}

void KubeControllerManager::start(OnDone on_done) {
  step_ = "say its version";
  begin_with_preflight(run_, std::move(on_done), [this] { look_for_parent(); });
}

Finding KubeControllerManager::timed_out() const {
  // The waits for controllers are shorter than the run: it is the API that is slow.
  return unknown("the Kubernetes API took too long to " + step_);
}

void KubeControllerManager::look_for_parent() {
  step_ = "look for " + name_;
  run_.talk().get(parents_, name_, [this](const KubeAnswer& answer) {
    if (answer.kind == Kind::kDone) return remove_garbage(parents_, name_);
    answer.kind == Kind::kNotFound ? look_for_child() : run_.finish(unknown(answer.why));
  });
}

void KubeControllerManager::look_for_child() {
  step_ = "look for " + child_;
  run_.talk().get(children_, child_, [this](const KubeAnswer& answer) {
    if (answer.kind == Kind::kDone) return remove_garbage(children_, child_);
    answer.kind == Kind::kNotFound ? create() : run_.finish(unknown(answer.why));
  });
}

void KubeControllerManager::remove_garbage(const KubeResource& resource, const std::string& name) {
  step_ = "delete the last run's " + name;
  run_.talk().remove(resource, name, [this, name](const KubeAnswer& answer) {
    const bool gone = answer.kind == Kind::kDone || answer.kind == Kind::kNotFound;
    run_.finish(
        unknown(gone ? "the last run's " + name + " was there and had to be deleted" : answer.why));
  });
}

void KubeControllerManager::create() {
  step_ = "create " + name_;
  run_.talk().create(parents_, object_, [this](const KubeAnswer& answer) {
    answer.kind == Kind::kDone ? await_child() : run_.finish(unknown(answer.why));
  });
}

void KubeControllerManager::poll_later(void (KubeControllerManager::*poll)()) {
  run_.talk().wait(std::max(wait_ / 10, Milliseconds(1)), [this, poll] { (this->*poll)(); });
}

void KubeControllerManager::await_child() {
  deadline_ = loop_.now() + wait_;
  ask_for_child();
}

void KubeControllerManager::ask_for_child() {
  step_ = "look for " + child_;
  const bool last = waited_enough();
  run_.talk().get(children_, child_, [this, last](const KubeAnswer& answer) {
    if (answer.kind == Kind::kDone) return remove_parent();
    if (answer.kind != Kind::kNotFound) return leave(unknown(answer.why));
    if (!last) return poll_later(&KubeControllerManager::ask_for_child);
    leave(down("no controller made the pod " + child_ + " of the StatefulSet"));
  });
}

void KubeControllerManager::remove_parent() {
  step_ = "delete " + name_;
  run_.talk().remove(parents_, name_, [this](const KubeAnswer& answer) {
    answer.kind == Kind::kDone ? await_end() : run_.finish(unknown(answer.why));
  });
}

void KubeControllerManager::await_end() {
  deadline_ = loop_.now() + wait_;
  ask_for_end();
}

void KubeControllerManager::ask_for_end() {
  step_ = "look for " + child_;
  const bool last = waited_enough();
  run_.talk().get(children_, child_, [this, last](const KubeAnswer& answer) {
    if (answer.kind == Kind::kNotFound) return run_.finish(up());
    if (answer.kind != Kind::kDone) return run_.finish(unknown(answer.why));
    if (!last) return poll_later(&KubeControllerManager::ask_for_end);
    const Finding finding = down("no controller removed the pod " + child_ + " of the StatefulSet");
    step_ = "delete " + child_;
    run_.talk().remove(children_, child_,
                       [this, finding](const KubeAnswer&) { run_.finish(finding); });
  });
}

void KubeControllerManager::leave(const Finding& finding) {
  step_ = "delete " + name_;
  run_.talk().remove(parents_, name_, [this, finding](const KubeAnswer&) { run_.finish(finding); });
}

}  // namespace meshcheck::checks
