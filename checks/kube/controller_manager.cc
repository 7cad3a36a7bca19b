#include "checks/kube/controller_manager.h"

#include <algorithm>

#include "checks/kube/made_object.h"

namespace meshcheck::checks {
namespace {

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
      parents_{
          .group = "apps", .plural = "statefulsets", .name_space = context.identity.name_space},
      children_{.plural = "pods", .name_space = context.identity.name_space},
      name_(object_name(context, "statefulset")),
      child_(name_ + "-0"),
      object_(stateful_set(object_metadata(context, spec.ref, name_))),
      run_(context) {}

void KubeControllerManager::start(OnDone on_done) {
  step_ = "say its version";
  begin_with_preflight(run_, std::move(on_done), [this] { look_for_parent(); });
}

CheckResult KubeControllerManager::timed_out() const {
  // The waits for controllers are shorter than the run: it is the API that is slow.
  return unknown("the Kubernetes API took too long to " + step_);
}

void KubeControllerManager::look_for_parent() {
  step_ = "look for " + name_;
  run_.objects().get(parents_, name_, [this](const kube::ObjectAnswer& answer) {
    if (!answer.failure) return remove_garbage(parents_, name_);
    answer.not_found() ? look_for_child() : run_.finish(unknown(answer.why()));
  });
}

void KubeControllerManager::look_for_child() {
  step_ = "look for " + child_;
  run_.objects().get(children_, child_, [this](const kube::ObjectAnswer& answer) {
    if (!answer.failure) return remove_garbage(children_, child_);
    answer.not_found() ? create() : run_.finish(unknown(answer.why()));
  });
}

void KubeControllerManager::remove_garbage(const kube::Resource& resource,
                                           const std::string& name) {
  step_ = "delete the last run's " + name;
  run_.objects().remove(resource, name, kAtOnce, [this, name](const kube::ObjectAnswer& answer) {
    const bool gone = !answer.failure || answer.not_found();
    run_.finish(unknown(gone ? "the last run's " + name + " was there and had to be deleted"
                             : answer.why()));
  });
}

void KubeControllerManager::create() {
  step_ = "create " + name_;
  run_.objects().create(parents_, object_, [this](const kube::ObjectAnswer& answer) {
    answer.failure ? run_.finish(unknown(answer.why())) : await_child();
  });
}

void KubeControllerManager::poll_later(void (KubeControllerManager::*poll)()) {
  run_.wait(std::max(wait_ / 10, Milliseconds(1)), [this, poll] { (this->*poll)(); });
}

void KubeControllerManager::await_child() {
  deadline_ = loop_.now() + wait_;
  ask_for_child();
}

void KubeControllerManager::ask_for_child() {
  step_ = "look for " + child_;
  const bool last = waited_enough();
  run_.objects().get(children_, child_, [this, last](const kube::ObjectAnswer& answer) {
    if (!answer.failure) return remove_parent();
    if (!answer.not_found()) return leave(unknown(answer.why()));
    if (!last) return poll_later(&KubeControllerManager::ask_for_child);
    leave(down("no controller made the pod " + child_ + " of the StatefulSet"));
  });
}

void KubeControllerManager::remove_parent() {
  step_ = "delete " + name_;
  run_.objects().remove(parents_, name_, kAtOnce, [this](const kube::ObjectAnswer& answer) {
    answer.failure ? run_.finish(unknown(answer.why())) : await_end();
  });
}

void KubeControllerManager::await_end() {
  deadline_ = loop_.now() + wait_;
  ask_for_end();
}

void KubeControllerManager::ask_for_end() {
  step_ = "look for " + child_;
  const bool last = waited_enough();
  run_.objects().get(children_, child_, [this, last](const kube::ObjectAnswer& answer) {
    if (answer.not_found()) return run_.finish(up());
    if (answer.failure) return run_.finish(unknown(answer.why()));
    if (!last) return poll_later(&KubeControllerManager::ask_for_end);
    const CheckResult result =
        down("no controller removed the pod " + child_ + " of the StatefulSet");
    step_ = "delete " + child_;
    run_.objects().remove(children_, child_, kAtOnce,
                          [this, result](const kube::ObjectAnswer&) { run_.finish(result); });
  });
}

void KubeControllerManager::leave(const CheckResult& result) {
  step_ = "delete " + name_;
  run_.objects().remove(parents_, name_, kAtOnce,
                        [this, result](const kube::ObjectAnswer&) { run_.finish(result); });
}

}  // namespace meshcheck::checks
