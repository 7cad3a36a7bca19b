#include "checks/kube/lifecycle.h"

#include "checks/kube/made_object.h"

namespace meshcheck::checks {

KubeLifecycle::KubeLifecycle(KubeContext& context, const sla::CheckSpec& spec, Kind kind)
    : kind_(kind),
      resource_(kind == Kind::kConfigMap ? kube::Resource{.plural = "configmaps",
                                                          .name_space = context.identity.name_space}
                                         : kube::Resource{.plural = "namespaces"}),
      name_(object_name(context, kind == Kind::kConfigMap ? "configmap" : "namespace")),
      object_(nlohmann::json::object()),
      run_(context) {
  object_["metadata"] = object_metadata(context, spec.ref, name_);
  // Nothing in a namespace can own one.
  if (kind == Kind::kNamespace) object_["metadata"].erase("ownerReferences");
}

void KubeLifecycle::start(OnDone on_done) {
  preflight_passed_ = false;
  step_ = "to say its version";
  begin_with_preflight(run_, std::move(on_done), [this] {
    preflight_passed_ = true;
    look();
  });
}

CheckResult KubeLifecycle::timed_out() const {
  const std::string why = "the Kubernetes API took too long " + step_;
  return preflight_passed_ ? down(why) : unknown(why);
}

void KubeLifecycle::fail(const kube::ObjectAnswer& answer) {
  // What we may or can not do is no fault of the API's.
  run_.finish(answer.is_ours() ? unknown(answer.why()) : down(answer.why()));
}

void KubeLifecycle::look() {
  step_ = "to look for " + name_;
  run_.objects().get(resource_, name_, [this](const kube::ObjectAnswer& answer) {
    if (!answer.failure) return remove_garbage(answer.object);
    answer.not_found() ? create() : fail(answer);
  });
}

void KubeLifecycle::remove_garbage(const nlohmann::json& found) {
  if (is_terminating(found)) {
    return run_.finish(unknown("the last run's " + name_ + " is still being deleted"));
  }
  step_ = "to delete the last run's " + name_;
  run_.objects().remove(resource_, name_, kAtOnce, [this](const kube::ObjectAnswer& answer) {
    if (answer.failure && !answer.not_found()) {
      return fail(answer);
    }
    run_.finish(unknown("the last run's " + name_ + " was there and had to be deleted"));
  });
}

void KubeLifecycle::create() {
  step_ = "to create " + name_;
  run_.objects().create(resource_, object_, [this](const kube::ObjectAnswer& answer) {
    answer.failure ? fail(answer) : read_back();
  });
}

void KubeLifecycle::read_back() {
  step_ = "to read " + name_;
  run_.objects().get(resource_, name_, [this](const kube::ObjectAnswer& answer) {
    if (answer.failure) return fail(answer);
    if (text_at(answer.object, "/metadata/name") != name_) {
      return run_.finish(down("the Kubernetes API answered another object than " + name_));
    }
    remove();
  });
}

void KubeLifecycle::remove() {
  step_ = "to delete " + name_;
  run_.objects().remove(resource_, name_, kAtOnce, [this](const kube::ObjectAnswer& answer) {
    answer.failure ? fail(answer) : run_.finish(up());
  });
}

}  // namespace meshcheck::checks
