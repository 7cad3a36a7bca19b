#include "checks/kube/checks.h"

#include <cassert>
#include <utility>

#include "checks/check_options.h"
#include "checks/kube/controller_manager.h"
#include "checks/kube/daemon_set.h"
#include "checks/kube/lifecycle.h"
#include "checks/kube/ready.h"
#include "checks/kube/run.h"
#include "checks/kube/scheduler.h"
#include "checks/prometheus_checks.h"

namespace meshcheck::checks {
namespace {

using Made = Result<std::unique_ptr<Check>>;

constexpr std::int64_t kNodesMax = 10'000;

// What all others ask first is all that this one asks.
class KubeApiServer : public Check {
 public:
  explicit KubeApiServer(KubeContext& context) : run_(context) {}

  void start(OnDone on_done) override {
    run_.begin(std::move(on_done));
    run_.preflight([this](const std::optional<kube::Failure>& failure) {
      if (!failure) return run_.finish(up());
      // Who may not or could not ask does not know.
      run_.finish(failure->is_ours() ? unknown(failure->sentence) : down(failure->sentence));
    });
  }
  void cancel() override { run_.cancel(); }
  CheckResult timed_out() const override {
    return down("the Kubernetes API took too long to answer");
  }

 private:
  KubeRun run_;
};

template <typename Kind, typename... Arguments>
Made make(CheckOptions& with, Arguments&&... arguments) {
  if (const auto finished = with.finish(); !finished) return finished.error();
  return std::unique_ptr<Check>(std::make_unique<Kind>(std::forward<Arguments>(arguments)...));
}

Made make_lifecycle(KubeContext& context, const sla::CheckSpec& spec, CheckOptions& with) {
  const auto kind = with.choice("kind", {"ConfigMap", "Namespace"}) == 0
                        ? KubeLifecycle::Kind::kConfigMap
                        : KubeLifecycle::Kind::kNamespace;
  return make<KubeLifecycle>(with, context, spec, kind);
}

Made make_pods_ready(KubeContext& context, CheckOptions& with) {
  KubePodsReady::Options options{with.name_or("namespace", context.identity.name_space),
                                 with.text("selector"), with.flag_or("all", false)};
  return make<KubePodsReady>(with, context, std::move(options));
}

Made make_nodes_ready(KubeContext& context, CheckOptions& with) {
  KubeNodesReady::Options options{with.text_or("selector", ""),
                                  static_cast<std::size_t>(with.number_or("min", 1, 1, kNodesMax))};
  return make<KubeNodesReady>(with, context, std::move(options));
}

Made make_daemon_set(KubeContext& context, CheckOptions& with) {
  KubeDaemonSet::Options options{with.name_or("namespace", context.identity.name_space),
                                 with.name("name")};
  return make<KubeDaemonSet>(with, context, std::move(options));
}

Made make_prometheus(KubeContext& context, const sla::CheckSpec& spec, CheckOptions& with) {
  PrometheusCheck::Options options;
  options.url = with.text("url");
  while (options.url.ends_with('/')) options.url.pop_back();
  if (spec.checker == "prometheus-api") {
    options.queries = {with.text_or("query", "vector(1)")};
    options.expected = with.text_or("expected", "1");
  } else {
    options.queries = with.texts("queries");
  }
  options.ca_file = with.text_or("ca_file", "");
  options.token_file = with.text_or("token_file", "");
  options.verify = !with.flag_or("insecure", false);
  if (spec.timeout.count() > 0) options.timeout = spec.timeout;
  return make<PrometheusCheck>(with, context.http, std::move(options));
}

}  // namespace

bool is_kube_checker(std::string_view checker) {
  for (const std::string_view known :
       {"kube-apiserver", "kube-lifecycle", "kube-controller-manager", "kube-scheduler",
        "kube-pods-ready", "kube-daemonset-ready", "kube-nodes-ready", "prometheus-api",
        "metrics-present"}) {
    if (checker == known) return true;
  }
  return false;
}

Made make_kube_check(KubeContext& context, const sla::CheckSpec& spec) {
  assert(is_kube_checker(spec.checker));
  CheckOptions with(spec.with);
  if (spec.checker == "kube-apiserver") return make<KubeApiServer>(with, context);
  if (spec.checker == "kube-lifecycle") return make_lifecycle(context, spec, with);
  if (spec.checker == "kube-controller-manager") {
    return make<KubeControllerManager>(with, context, spec);
  }
  if (spec.checker == "kube-scheduler") return make<KubeScheduler>(with, context, spec);
  if (spec.checker == "kube-pods-ready") return make_pods_ready(context, with);
  if (spec.checker == "kube-nodes-ready") return make_nodes_ready(context, with);
  if (spec.checker == "kube-daemonset-ready") return make_daemon_set(context, with);
  return make_prometheus(context, spec, with);
}

}  // namespace meshcheck::checks
